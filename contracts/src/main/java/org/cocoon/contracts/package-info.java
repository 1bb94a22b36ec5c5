/**
 * Money and what is signed about it. Everything here is integer arithmetic and plain bytes; the TON
 * contracts and the Java that talks to them join it with the payments work.
 */
@NullMarked
package org.cocoon.contracts;

import org.jspecify.annotations.NullMarked;
