/**
 * The event log of a trust domain's start: reads it, replays it, and compares it with a quote; and
 * extends a run-time register with what the program itself measures.
 *
 * <p>From the TCG "PC Client Platform Firmware Profile", 10, and Intel's "Guest-Host-Communication
 * Interface for TDX", 4.3. JDK only.
 */
@NullMarked
package org.cocoon.link.evidence.eventlog;

import org.jspecify.annotations.NullMarked;
