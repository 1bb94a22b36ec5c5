package org.cocoon.router.path;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Sampling;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.router.fleet.TestWorkers;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.request.InferenceRequest;

/** A request whose whole answers are known beforehand, as they are with a deterministic model. */
final class Script {
  private static final String[] PIECES = {
    "a", "bc", " the", "\u00e9", "\u20ac", "\ud83d\ude00", ""
  };

  /** What the first answer draws from; those of the others follow, over the end of all longs. */
  private static final long SEED = Long.MAX_VALUE;

  final InferenceRequest request;
  final int promptTokens;

  /** The answers, one for each choice. */
  final List<Text> answers = new ArrayList<>();

  /** One answer. */
  static final class Text {
    /** Of the answer, unless the request's limit or a context is shorter. */
    final int length;

    private final int[] ids;
    private final int[] textEnds;
    private final byte[] text;

    private Text(Random random, boolean isLong) {
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

  Script(Random random, Account account) {
    boolean isLong = random.nextInt(8) == 0;
    Run prompt = prompt(random);
    int choices = prompt.hasSealed() || random.nextInt(3) > 0 ? 1 : 2 + random.nextInt(3);
    for (int i = 0; i < choices; i++) {
      answers.add(new Text(random, isLong));
    }
    int promptBytes = 1 + random.nextInt(400);
    promptTokens = 1 + random.nextInt(promptBytes);
    UUID id = new UUID(random.nextLong(), random.nextLong());
    int maxTokens = random.nextBoolean() ? 0 : 1 + random.nextInt(isLong ? 2000 : 40);
    request =
        new InferenceRequest(
            id,
            account,
            Run.newBuilder()
                .mergeFrom(prompt)
                .setModel(TestWorkers.MODEL)
                .setMaxTokens(maxTokens)
                .setSampling(Sampling.newBuilder().setSeed(SEED))
                .build(),
            promptBytes,
            1,
            maxTokens,
            random.nextInt(10) == 0 ? 1000 : 1_000_000,
            random.nextInt(10) == 0 ? 2_000 : 600_000,
            random.nextInt(10),
            choices);
  }

  /** The answer that a run with this seed gets. */
  Text answer(long seed) {
    return answers.get((int) (seed - SEED));
  }

  private static Run prompt(Random random) {
    return random.nextInt(3) == 0
        ? Run.newBuilder().setSealed(SealedPrompt.getDefaultInstance()).build()
        : Run.newBuilder().setChat(Chat.getDefaultInstance()).build();
  }
}
