package org.cocoon.link.registry;

/** Bytes are not the state of a registry; the message says where they differ. */
final class MalformedStateException extends Exception {
  private static final long serialVersionUID = 1L;

  MalformedStateException(String message) {
    super(message, null, false, false);
  }

  /** The sentence. */
  String reason() {
    return String.valueOf(getMessage());
  }
}
