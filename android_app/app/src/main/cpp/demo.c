#include "demo.h"

#include <pthread.h>
#include <stdatomic.h>

#include "app_litert.h"
#include "options.h"
#include "system.h"
#include "tensors.h"

typedef struct {
  pthread_mutex_t mutex; /* guards the rest, during a run too */
  int64_t number;        /* 0: nothing is open here */
  Model model;
} Slot;

#define FREE {.mutex = PTHREAD_MUTEX_INITIALIZER}
enum { SLOTS = 4 };
static Slot slots[SLOTS] = {FREE, FREE, FREE, FREE};

/* Numbers are not used twice, so that an old one never means a new model. */
static atomic_llong opened;

static bool load(Model *model, const char *path, int threads, const char *accelerator,
                 Failure *failure) {
  Hardware hardware = {.threads = threads};
  if (threads < 1) return fail(failure, "%d are too few threads.", threads);
  if (!parse_accelerator(&hardware.accelerator, accelerator, failure)) return false;
  if (!find_litert(failure) || !start_litert(model, &hardware, failure) ||
      !load_model(model, path, &hardware, failure))
    return false;
  return (model->input_count == 1 && model->output_count == 1) ||
         fail(failure, "The demo takes models with one input and one output; this has %zu and %zu.",
              model->input_count, model->output_count);
}

/* Returns a free slot, locked, or NULL. */
static Slot *take_free(void) {
  for (int i = 0; i < SLOTS; i++) {
    Slot *slot = &slots[i];
    if (pthread_mutex_trylock(&slot->mutex)) continue;
    if (!slot->number) return slot;
    pthread_mutex_unlock(&slot->mutex);
  }
  return NULL;
}

/* Returns the slot of an open number, locked, or NULL. */
static Slot *take(int64_t number) {
  if (number <= 0) return NULL;
  Slot *slot = &slots[number % SLOTS];
  pthread_mutex_lock(&slot->mutex);
  if (slot->number == number) return slot;
  pthread_mutex_unlock(&slot->mutex);
  return NULL;
}

int64_t demo_open(const char *path, int threads, const char *accelerator, Failure *failure) {
  Slot *slot = take_free();
  if (!slot) {
    fail(failure, "%d models are open already.", SLOTS);
    return 0;
  }
  int64_t number = 0;
  if (load(&slot->model, path, threads, accelerator, failure))
    number = (atomic_fetch_add(&opened, 1) + 1) * SLOTS + (slot - slots);
  else
    close_model(&slot->model);
  slot->number = number;
  pthread_mutex_unlock(&slot->mutex);
  return number;
}

bool demo_type(int64_t number, bool output, LiteRtRankedTensorType *type) {
  Slot *slot = take(number);
  if (!slot) return false;
  *type = (output ? slot->model.outputs : slot->model.inputs)->type;
  pthread_mutex_unlock(&slot->mutex);
  return true;
}

static int64_t infer(const Model *model, const void *in, void *out) {
  Failure failure;
  if (!set_tensor(model, &model->inputs[0], in, &failure)) return DEMO_FAILED;
  int64_t start = now_ns();
  int status = run_model(model);
  int64_t ns = now_ns() - start;
  bool ran = check_run(status, &failure) && get_tensor(model, &model->outputs[0], out, &failure);
  return ran ? ns : DEMO_FAILED;
}

int64_t demo_infer(int64_t number, const void *in, int64_t in_bytes, void *out,
                   int64_t out_bytes) {
  Slot *slot = take(number);
  if (!slot) return DEMO_CLOSED;
  const Model *model = &slot->model;
  bool fits = in && out && in_bytes == (int64_t)model->inputs[0].bytes &&
              out_bytes == (int64_t)model->outputs[0].bytes;
  int64_t ns = fits ? infer(model, in, out) : DEMO_WRONG_SIZE;
  pthread_mutex_unlock(&slot->mutex);
  return ns;
}

void demo_close(int64_t number) {
  Slot *slot = take(number);
  if (!slot) return;
  close_model(&slot->model);
  slot->number = 0;
  pthread_mutex_unlock(&slot->mutex);
}
