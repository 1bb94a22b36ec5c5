package org.cocoon.link.wire;

import com.google.protobuf.MessageOrBuilder;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.CodecException;
import io.vertx.grpc.common.GrpcMessage;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.WireFormat;

/**
 * Decodes a message and then clears the bytes that it was in.
 *
 * <p>A gRPC stream of Vert.x keeps the bytes of its last message until the next one comes, which on
 * an idle link may be the prompt of a request that ended long ago. Nothing of a request may survive
 * it.
 */
final class WipingDecoder<T extends MessageOrBuilder> implements GrpcMessageDecoder<T> {
  private static final byte[] ZEROS = new byte[8192];

  private final GrpcMessageDecoder<T> decoder;

  private WipingDecoder(GrpcMessageDecoder<T> decoder) {
    this.decoder = decoder;
  }

  static <T extends MessageOrBuilder> GrpcMessageDecoder<T> of(T instance) {
    return new WipingDecoder<>(GrpcMessageDecoder.decoder(instance));
  }

  @Override
  public T decode(GrpcMessage message) throws CodecException {
    T decoded = decoder.decode(message); // copies: protobuf's byte strings do not alias their input
    Buffer payload = message.payload();
    for (int at = 0; at < payload.length(); at += ZEROS.length) {
      payload.setBytes(at, ZEROS, 0, Math.min(ZEROS.length, payload.length() - at));
    }
    return decoded;
  }

  @Override
  public boolean accepts(WireFormat format) {
    return decoder.accepts(format);
  }
}
