/**
 * The client's side of Cocoon: a small library for OpenAI-compatible streaming, a terminal chat and
 * the network's status. It starts fast, so it uses the JDK's HTTP client and Jackson's streaming
 * core only; Vert.x and logging are loaded by the sidecar alone.
 */
@NullMarked
package org.cocoon.client;

import org.jspecify.annotations.NullMarked;
