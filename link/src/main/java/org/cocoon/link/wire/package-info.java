/** The wire protocol of a link; the messages are generated from {@code uplink.proto}. */
package org.cocoon.link.wire;
