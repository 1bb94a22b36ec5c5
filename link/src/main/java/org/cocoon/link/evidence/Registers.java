package org.cocoon.link.evidence;

/** What the hardware says of that which runs in a TEE, in the fields of its maker. */
public sealed interface Registers permits Measurements, SnpRegisters {}
