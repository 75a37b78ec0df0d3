package android.os;

import dev.edgeship.doubles.Hook;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A thread that does what it is given, in turn. */
public final class Looper {
  private static final ThreadLocal<Looper> OWN = new ThreadLocal<>();
  private static final AtomicLong COUNT = new AtomicLong();
  private static volatile Looper main;

  private final DelayQueue<Task> tasks = new DelayQueue<>();
  private final Thread thread = Thread.currentThread();
  private volatile boolean ended;

  private Looper() {}

  public static void prepare() {
    if (OWN.get() != null) throw new RuntimeException("Only one Looper may be created per thread");
    OWN.set(new Looper());
  }

  public static void prepareMainLooper() {
    prepare();
    main = OWN.get();
  }

  public static Looper getMainLooper() {
    return main;
  }

  public static Looper myLooper() {
    return OWN.get();
  }

  public static void loop() {
    Looper own = OWN.get();
    while (!own.ended) {
      Task task;
      try {
        task = own.tasks.take();
      } catch (InterruptedException error) {
        continue;
      }
      task.work.run();
    }
  }

  public Thread getThread() {
    return thread;
  }

  public boolean isCurrentThread() {
    return Thread.currentThread() == thread;
  }

  public void quit() {
    post(null, () -> ended = true, 0);
  }

  public void quitSafely() {
    quit();
  }

  @Hook
  public void post(Object owner, Runnable work, long milliseconds) {
    tasks.add(new Task(owner, work, System.nanoTime() + milliseconds * 1_000_000));
  }

  /** Forgets what an owner has posted; all of it if the work is null. */
  @Hook
  public void remove(Object owner, Runnable work) {
    tasks.removeIf(task -> task.owner == owner && (work == null || task.work == work));
  }

  private static final class Task implements Delayed {
    final Object owner;
    final Runnable work;
    final long due;
    final long number = COUNT.incrementAndGet();

    Task(Object owner, Runnable work, long due) {
      this.owner = owner;
      this.work = work;
      this.due = due;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      Task task = (Task) other;
      return due != task.due ? Long.compare(due, task.due) : Long.compare(number, task.number);
    }
  }
}
