package org.cocoon.link.wire;

import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;

/** The one method of the protocol between workers and routers, and its limits. */
public final class Uplink {
  /** The version of the protocol that this code speaks. */
  public static final int VERSION = 1;

  /** The largest message down a link: a prompt of 4 MiB, and what goes with it. */
  public static final int MAX_DOWN_BYTES = 16 << 20;

  /** The largest message up a link: one step's tokens of all slots. */
  public static final int MAX_UP_BYTES = 4 << 20;

  private static final ServiceName SERVICE = ServiceName.create("cocoon.link.v1.Uplink");
  private static final String METHOD = "Attach";

  private Uplink() {}

  /** The method as the worker calls it. */
  public static ServiceMethod<FromRouter, FromWorker> client() {
    return ServiceMethod.client(
        SERVICE,
        METHOD,
        GrpcMessageEncoder.encoder(),
        WipingDecoder.of(FromRouter.getDefaultInstance()));
  }

  /** The method as the router serves it. */
  public static ServiceMethod<FromWorker, FromRouter> server() {
    return ServiceMethod.server(
        SERVICE,
        METHOD,
        GrpcMessageEncoder.encoder(),
        WipingDecoder.of(FromWorker.getDefaultInstance()));
  }
}
