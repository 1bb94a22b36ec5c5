/**
 * NVIDIA GPUs in confidential mode: reads attestation reports, checks which device signed them, and
 * binds them to a node's TLS key.
 *
 * <p>{@link org.cocoon.link.evidence.gpu.GpuBinding} is the way in. What is checked is that a
 * genuine device of an allowed chip, driver and VBIOS signed a report for this very node. What is
 * not checked are the measurements themselves: their golden values (RIM) come from a service of
 * NVIDIA's only, so that, for example, a device in developer mode is not told apart. JDK only.
 */
@NullMarked
package org.cocoon.link.evidence.gpu;

import org.jspecify.annotations.NullMarked;
