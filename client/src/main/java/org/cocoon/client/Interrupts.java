package org.cocoon.client;

import java.lang.reflect.Proxy;

/** Ctrl-C as a call instead of the end of the process. */
final class Interrupts {
  private Interrupts() {}

  /**
   * Calls back, on a thread of its own, whenever the person presses Ctrl-C.
   *
   * <p>The JDK offers signals in {@code sun.misc} only, and the compiler's warning about that
   * package cannot be suppressed at one place, hence reflection.
   *
   * @return false where this JVM has no such signal; Ctrl-C then ends the process
   */
  static boolean onCtrlC(Runnable callback) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  callback.run();
                }
                return null;
              });
      Object ctrlC = signal.getConstructor(String.class).newInstance("INT");
      signal.getMethod("handle", signal, handler).invoke(null, ctrlC, proxy);
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      return false;
    }
  }
}
