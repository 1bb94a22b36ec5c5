"""llama.cpp's own HTTP server, as xllamacpp packages it: MODEL PORT SLOTS CONTEXT THREADS."""

import signal
import sys

import xllamacpp

model, port, slots, context, threads = sys.argv[1], *map(int, sys.argv[2:])
options = xllamacpp.CommonParams()
options.model.path = model
options.port = port
options.n_parallel = slots
options.n_ctx = slots * context
options.cpuparams.n_threads = threads
options.cpuparams_batch.n_threads = threads
options.endpoint_metrics = True
server = xllamacpp.Server(options)
print("listening", server.listening_address, flush=True)
signal.pause()
