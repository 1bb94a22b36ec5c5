package org.cocoon.router.path;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.router.fleet.TestWorkers;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.request.InferenceRequest;

/** A request whose whole answer is known beforehand, as it is with a deterministic model. */
final class Script {
  private static final String[] PIECES = {
    "a", "bc", " the", "\u00e9", "\u20ac", "\ud83d\ude00", ""
  };

  final InferenceRequest request;
  final int promptTokens;

  /** Of the answer, unless the request's limit or a context is shorter. */
  final int length;

  private final int[] ids;
  private final int[] textEnds;
  private final byte[] text;

  Script(Random random, Account account) {
    boolean isLong = random.nextInt(8) == 0;
    length = isLong ? 400 + random.nextInt(1400) : random.nextInt(30);
    ids = new int[length];
    textEnds = new int[length + 1];
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < length; i++) {
      ids[i] = random.nextInt(50_000);
      out.writeBytes(PIECES[random.nextInt(PIECES.length)].getBytes(StandardCharsets.UTF_8));
      textEnds[i + 1] = out.size();
    }
    text = out.toByteArray();
    int promptBytes = 1 + random.nextInt(400);
    promptTokens = 1 + random.nextInt(promptBytes);
    UUID id = new UUID(random.nextLong(), random.nextLong());
    int maxTokens = random.nextBoolean() ? 0 : 1 + random.nextInt(isLong ? 2000 : 40);
    request =
        new InferenceRequest(
            id,
            account,
            Run.newBuilder()
                .mergeFrom(prompt(random))
                .setModel(TestWorkers.MODEL)
                .setMaxTokens(maxTokens)
                .build(),
            promptBytes,
            1,
            maxTokens,
            random.nextInt(10) == 0 ? 1000 : 1_000_000,
            random.nextInt(10) == 0 ? 2_000 : 600_000,
            random.nextInt(10));
  }

  private static Run prompt(Random random) {
    return random.nextInt(3) == 0
        ? Run.newBuilder().setSealed(SealedPrompt.getDefaultInstance()).build()
        : Run.newBuilder().setChat(Chat.getDefaultInstance()).build();
  }

  int id(int position) {
    return ids[position];
  }

  /** Bytes of the text of so many tokens. */
  int textBytes(int tokens) {
    return textEnds[tokens];
  }

  /** A part of the text. */
  byte[] text(int from, int to) {
    return Arrays.copyOfRange(text, from, to);
  }
}
