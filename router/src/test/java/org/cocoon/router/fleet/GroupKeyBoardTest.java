package org.cocoon.router.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;
import org.junit.jupiter.api.Test;

class GroupKeyBoardTest {
  private final Fleet fleet = new Fleet();
  private int attached;

  /** A statement of this test's model, with nothing true about its signature. */
  static GroupKeyStatement statement(long epoch, long notAfterMillis) {
    return statement(TestWorkers.MODEL, "00112233445566778899aabbccddeeff", epoch, notAfterMillis);
  }

  private static GroupKeyStatement statement(
      String model, String keyId, long epoch, long notAfterMillis) {
    GroupKey key =
        GroupKey.newBuilder()
            .setKeyId(keyId)
            .setModel(model)
            .setEpoch(epoch)
            .setNotAfterMillis(notAfterMillis)
            .build();
    return GroupKeyStatement.newBuilder()
        .setKey(key.toByteString())
        .setSignature(ByteString.copyFrom(new byte[64]))
        .build();
  }

  private Worker attach(String... features) {
    return TestWorkers.attach(
        fleet,
        "w" + attached++,
        1,
        100,
        1000,
        List.of(features),
        () -> 0,
        sent -> {},
        new ArrayList<Runnable>()::add);
  }

  private static void say(Worker worker, GroupKeyStatement... statements) {
    worker.heard(FromWorker.newBuilder().addAllGroupKeys(List.of(statements)).build());
  }

  private List<Long> epochs(long now) {
    return fleet.groupKeys().of(TestWorkers.MODEL, now).stream()
        .map(offer -> offer.key().getEpoch())
        .toList();
  }

  @Test
  void offersNewestFirstUntilAKeyIsOver() {
    say(attach("sealed"), statement(3, 1_000));
    say(attach("sealed"), statement(5, 2_000));
    say(attach("sealed"), statement(4, 1_500));
    assertEquals(List.of(5L, 4L, 3L), epochs(999));
    assertEquals(List.of(5L, 4L), epochs(1_000), "not_after is the first moment without it");
    assertEquals(List.of(), epochs(2_000));
    assertEquals(List.of(), fleet.groupKeys().of("another", 0));
  }

  @Test
  void keepsOnceWhatManyHoldAndForgetsItWithTheLastOfThem() {
    Worker one = attach("sealed");
    Worker two = attach("sealed");
    say(one, statement(1, 1_000));
    say(two, statement(1, 1_000));
    say(two, statement(1, 1_000)); // said again
    assertEquals(1, fleet.groupKeys().size());
    say(one, statement(2, 1_000));
    assertEquals(List.of(2L, 1L), epochs(0));
    TestWorkers.lose(fleet, two);
    assertEquals(List.of(2L), epochs(0));
    say(two, statement(9, 1_000));
    assertEquals(List.of(2L), epochs(0), "who is gone says nothing more");
    TestWorkers.lose(fleet, one);
    assertEquals(0, fleet.groupKeys().size());
  }

  @Test
  void takesNothingThatIsLargeOrOfNoModelOfTheWorker() {
    Worker plain = attach();
    say(plain, statement(1, 1_000));
    assertFalse(fleet.knowsSealed(TestWorkers.MODEL));
    Worker worker = attach("logprobs", "sealed");
    assertTrue(fleet.knowsSealed(TestWorkers.MODEL));
    assertEquals(List.copyOf(worker.served()), fleet.servingSealed(TestWorkers.MODEL));
    String id = "00112233445566778899aabbccddeeff";
    GroupKeyStatement good = statement(1, 1_000);
    say(
        worker,
        statement("another", id, 1, 1_000),
        statement(TestWorkers.MODEL, "\"<script>", 1, 1_000),
        statement(TestWorkers.MODEL, id, -1, 1_000),
        good.toBuilder().setKey(ByteString.copyFrom(new byte[] {-1})).build(),
        good.toBuilder().setKey(ByteString.copyFrom(new byte[2_000])).build(),
        good.toBuilder().setSignature(ByteString.copyFrom(new byte[300])).build(),
        good.toBuilder().setCertificate(ByteString.copyFrom(new byte[70_000])).build());
    assertEquals(0, fleet.groupKeys().size());
    say(worker, good);
    assertEquals(
        List.of(good), List.of(fleet.groupKeys().of(TestWorkers.MODEL, 0).getFirst().statement()));
  }

  @Test
  void madeUpKeysOfAFewDoNotHideTheOneThatManyHold() {
    for (int i = 0; i < 2; i++) {
      say(attach("sealed"), statement(7, 1_000));
    }
    for (int i = 0; i < 2 * GroupKeyBoard.MOST_SHOWN; i++) {
      say(attach("sealed"), statement(1_000 + i, 1_000));
    }
    assertEquals(GroupKeyBoard.MOST_SHOWN, epochs(0).size());
    assertEquals(7L, epochs(0).getLast());
  }
}
