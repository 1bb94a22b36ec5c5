package org.cocoon.bench;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.AttributeKey;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.function.LongSupplier;

/**
 * The time of a connection's last socket read, taken at the head of the pipeline: before TLS, HTTP
 * and JSON cost anything. Used on the connection's event loop only.
 */
final class ReadStamp extends ChannelInboundHandlerAdapter {
  private static final AttributeKey<ReadStamp> KEY = AttributeKey.valueOf(ReadStamp.class, "stamp");

  private final LongSupplier nanoClock;
  private long nanos;

  private ReadStamp(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.nanos = nanoClock.getAsLong();
  }

  /** The stamp of this connection, put there at its first use. */
  static ReadStamp of(HttpConnection connection, LongSupplier nanoClock) {
    // Vert.x hides the channel behind its public interface; this class is where it is kept.
    Channel channel = ((ConnectionBase) connection).channel();
    ReadStamp known = channel.attr(KEY).get();
    if (known != null) {
      return known;
    }
    ReadStamp stamp = new ReadStamp(nanoClock);
    channel.attr(KEY).set(stamp);
    channel.pipeline().addFirst(stamp);
    return stamp;
  }

  /** When the socket was last read. */
  long nanos() {
    return nanos;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    nanos = nanoClock.getAsLong();
    context.fireChannelRead(message);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    nanos = nanoClock.getAsLong();
    context.fireChannelInactive();
  }
}
