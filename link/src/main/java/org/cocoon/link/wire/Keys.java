package org.cocoon.link.wire;

import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;

/** The one method of the protocol between workers and a key manager, and its limits. */
public final class Keys {
  /** The most models that one worker may ask keys for. */
  public static final int MAX_MODELS = 64;

  /** The largest message of either end: some keys of each model, each with a certificate. */
  public static final int MAX_BYTES = 8 << 20;

  private static final ServiceName SERVICE = ServiceName.create("cocoon.link.v1.Keys");
  private static final String METHOD = "Watch";

  private Keys() {}

  /** The method as the worker calls it. */
  public static ServiceMethod<GroupKeySecrets, KeysWanted> client() {
    return ServiceMethod.client(
        SERVICE,
        METHOD,
        GrpcMessageEncoder.encoder(),
        WipingDecoder.of(GroupKeySecrets.getDefaultInstance()));
  }

  /** The method as the key manager serves it. */
  public static ServiceMethod<KeysWanted, GroupKeySecrets> server() {
    return ServiceMethod.server(
        SERVICE,
        METHOD,
        GrpcMessageEncoder.encoder(),
        WipingDecoder.of(KeysWanted.getDefaultInstance()));
  }
}
