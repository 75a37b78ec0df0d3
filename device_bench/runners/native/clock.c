/* A plugin for qemu-aarch64 (user mode, plugin interface 1: qemu 6 to 8) that makes time exact: the
 * program's clocks count the instructions that it has executed, times a number of nanoseconds.
 *
 *   qemu-aarch64 -plugin ./libclock.so,ns=1 PROGRAM
 *
 * With ns=1 a nanosecond is an instruction. Instructions are counted a translation block at a time.
 * One thread counts exactly; threads that run at the same time may lose a few counts.
 *
 * Debian ships qemu with plugins but not their header, so the few functions used are declared here:
 * https://www.qemu.org/docs/master/devel/tcg-plugins.html
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))

typedef uint64_t PluginId;
struct qemu_plugin_tb;

void qemu_plugin_register_vcpu_tb_trans_cb(PluginId, void (*)(PluginId, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(PluginId, void (*)(PluginId, unsigned, int64_t, uint64_t,
                                                             uint64_t, uint64_t, uint64_t, uint64_t,
                                                             uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_vcpu_syscall_ret_cb(PluginId,
                                              void (*)(PluginId, unsigned, int64_t, int64_t));

enum { INLINE_ADD_U64 = 0 };
enum { ARM64_CLOCK_GETTIME = 113 };
/* Time does not begin at zero: programs take that for "never". */
enum { FIRST_SECOND = 1 };

EXPORTED int qemu_plugin_version = 1;

static uint64_t instructions;
static uint64_t ns_per_instruction = 1;
/* Where the call that runs in this thread wants its answer. */
static _Thread_local struct timespec *answer;

static void translated(PluginId id, struct qemu_plugin_tb *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &instructions,
                                           qemu_plugin_tb_n_insns(block));
}

static void called(PluginId id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                   uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)cpu, (void)a1, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  /* A 64-bit program's addresses are those of the emulator here (guest_base is 0). */
  if (number == ARM64_CLOCK_GETTIME) answer = (struct timespec *)(uintptr_t)a2;
}

static void returned(PluginId id, unsigned cpu, int64_t number, int64_t result) {
  (void)id, (void)cpu;
  if (number != ARM64_CLOCK_GETTIME || result != 0 || !answer) return;
  uint64_t ns = instructions * ns_per_instruction;
  answer->tv_sec = (time_t)(FIRST_SECOND + ns / 1000000000);
  answer->tv_nsec = (long)(ns % 1000000000);
  answer = NULL;
}

EXPORTED int qemu_plugin_install(PluginId id, const void *info, int count, char **words) {
  (void)info;
  for (int i = 0; i < count; i++) {
    char *end = NULL;
    if (!strncmp(words[i], "ns=", 3)) ns_per_instruction = strtoull(words[i] + 3, &end, 10);
    if (!end || end == words[i] + 3 || *end || !ns_per_instruction) {
      fputs("clock: the only option is ns=N, a whole number from 1\n", stderr);
      return -1;
    }
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
  return 0;
}
