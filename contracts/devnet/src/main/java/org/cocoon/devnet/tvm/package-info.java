/**
 * The real TVM: TON's transaction emulator, a WebAssembly module, compiled to Java classes at build
 * time and run inside this process.
 */
@NullMarked
package org.cocoon.devnet.tvm;

import org.jspecify.annotations.NullMarked;
