// How every backend fails: exceptions inside, a status and a sentence outside.
#ifndef COCOON_ERRORS_H
#define COCOON_ERRORS_H

#include <cstdarg>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "cocoon_backend.h"

namespace cocoon {

// A failure whose text goes to the caller as it is.
class Failure : public std::runtime_error {
 public:
  Failure(cocoon_status status, const std::string &text)
      : std::runtime_error(text), status(status) {}
  const cocoon_status status;
};

__attribute__((format(printf, 2, 3))) inline Failure failure(cocoon_status status,
                                                             const char *format, ...) {
  char text[sizeof(cocoon_message::text)];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return Failure(status, text);
}

inline void write_message(cocoon_message *message, const char *text) noexcept {
  size_t n = 0;
  for (; text[n] != '\0' && n + 1 < sizeof message->text; n++) {
    const auto c = static_cast<unsigned char>(text[n]);
    message->text[n] = c >= 0x20 && c < 0x7f ? text[n] : (c < 0x20 ? ' ' : '?');
  }
  while (n > 0 && message->text[n - 1] == ' ') {
    n--;
  }
  message->text[n] = '\0';
}

// Runs a body and turns whatever it throws into a status and a message.
template <typename Body>
cocoon_status guarded(cocoon_message *message, Body body) noexcept {
  message->text[0] = '\0';
  try {
    body();
    return COCOON_OK;
  } catch (const Failure &e) {
    write_message(message, e.what());
    return e.status;
  } catch (const std::bad_alloc &) {
    write_message(message, "there is not enough memory");
    return COCOON_NO_MEMORY;
  } catch (const std::exception &e) {
    write_message(message, e.what());
    return COCOON_FAILED;
  } catch (...) {
    write_message(message, "an unknown error");
    return COCOON_FAILED;
  }
}

}  // namespace cocoon

#endif
