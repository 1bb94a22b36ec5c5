package org.cocoon.link.seal;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.bouncycastle.math.ec.rfc7748.X25519;
import org.cocoon.link.seal.PromptOpener.OpenedPrompt;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Message;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.Sampling;
import org.cocoon.link.wire.SealedPrompt;

/** The workers of one model and their key, with what they are asked and answer. */
final class Group {
  static final String MODEL = "smollm2-135m-instruct";
  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  final GroupPublicKey publicKey;
  final GroupPrivateKey privateKey;
  final FixedRandom random;
  final PromptOpener opener;

  Group(long seed) {
    random = new FixedRandom(seed);
    byte[] secret = new byte[SealedFormat.KEY_BYTES];
    X25519.generatePrivateKey(random, secret);
    byte[] point = new byte[SealedFormat.KEY_BYTES];
    X25519.generatePublicKey(secret, 0, point, 0);
    publicKey =
        new GroupPublicKey(GroupPublicKey.idOf(point), MODEL, 1, point, NOW, NOW.plusSeconds(7200));
    privateKey = new GroupPrivateKey(publicKey, secret);
    opener = new PromptOpener(this::find, random);
  }

  private Optional<GroupPrivateKey> find(String keyId) {
    return keyId.equals(publicKey.keyId()) ? Optional.of(privateKey) : Optional.empty();
  }

  SealedExchange seal(PrivatePrompt prompt, int maxTokens) {
    return SealedExchange.seal(publicKey, prompt, maxTokens, random);
  }

  /** Opens what must open. */
  OpenedPrompt.Good opened(SealedPrompt prompt) {
    return (OpenedPrompt.Good) opener.open(prompt, MODEL);
  }

  /** An answer from its beginning, each part one chunk, the last one marked. */
  List<byte[]> sealAll(SealedPrompt prompt, List<PrivateTokens> parts) {
    return seal(opened(prompt).answer().begin(), parts, true);
  }

  static List<byte[]> seal(AnswerSealer sealer, List<PrivateTokens> parts, boolean toTheEnd) {
    List<byte[]> chunks = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      chunks.add(sealer.seal(parts.get(i), toTheEnd && i == parts.size() - 1));
    }
    return chunks;
  }

  static List<ByteString> wire(List<byte[]> chunks) {
    return chunks.stream().map(ByteString::copyFrom).toList();
  }

  static PrivatePrompt chat(String content) {
    return PrivatePrompt.newBuilder()
        .setChat(
            Chat.newBuilder().addMessages(Message.newBuilder().setRole("user").setContent(content)))
        .setSampling(Sampling.newBuilder().setTemperature(0.7f).setTopP(1).setSeed(42))
        .addStop("###")
        .build();
  }

  static PrivateTokens tokens(String text, int... ids) {
    PrivateTokens.Builder tokens =
        PrivateTokens.newBuilder().setText(ByteString.copyFromUtf8(text));
    for (int id : ids) {
      tokens.addIds(id);
    }
    return tokens.build();
  }

  /** Parts of an answer as an engine's steps make them: some without text, some of many tokens. */
  static List<PrivateTokens> answer(RandomGenerator random, int parts) {
    List<PrivateTokens> answer = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      int[] ids = random.ints(random.nextInt(4), 0, 50_000).toArray();
      answer.add(tokens("w".repeat(random.nextInt(40)) + i, ids));
    }
    return answer;
  }
}
