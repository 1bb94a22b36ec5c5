package org.cocoon.link.seal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.SealedPrompt;

/**
 * Opens sealed prompts with the group keys that a worker holds. Safe for use by many threads; one
 * prompt takes one X25519 agreement.
 */
public final class PromptOpener {
  private static final String DOES_NOT_OPEN =
      "the sealed prompt does not open: it was changed, or sealed for another model, limit or key";

  private final GroupKeys keys;
  private final SecureRandom random;

  /** Makes one that opens with these keys. */
  public PromptOpener(GroupKeys keys) {
    this(keys, new SecureRandom());
  }

  PromptOpener(GroupKeys keys, SecureRandom random) {
    this.keys = keys;
    this.random = random;
  }

  /** What came of opening a prompt. */
  public sealed interface OpenedPrompt {
    /**
     * It was sealed to a key held here, for this model and limit.
     *
     * @param prompt the request, without padding
     * @param answer seals the answer to it
     */
    record Good(PrivatePrompt prompt, SealedAnswer answer) implements OpenedPrompt {
      /** Without content. */
      @Override
      public String toString() {
        return "Good";
      }
    }

    /** The key that it is sealed to is not held, or of another model. */
    record UnknownKey() implements OpenedPrompt {}

    /**
     * It does not open.
     *
     * @param why a sentence for people, without content
     */
    record Broken(String why) implements OpenedPrompt {}
  }

  /**
   * Opens one prompt.
   *
   * @param prompt as it came; nothing in it is trusted
   * @param model the run's, which the prompt must have been sealed for
   */
  public OpenedPrompt open(SealedPrompt prompt, String model) {
    Optional<GroupPrivateKey> key = keys.find(prompt.getKeyId());
    AsymmetricCipherKeyPair pair = key.map(GroupPrivateKey::pair).orElse(null);
    if (key.isEmpty() || pair == null || !key.get().publicHalf().model().equals(model)) {
      return new OpenedPrompt.UnknownKey();
    }
    if (prompt.getRequestNonce().size() != SealedFormat.REQUEST_NONCE_BYTES
        || prompt.getEncapsulated().size() != SealedFormat.KEY_BYTES
        || prompt.getCiphertext().size() > SealedFormat.MAX_PROMPT_BYTES) {
      return new OpenedPrompt.Broken(
          "the sealed prompt does not open: a field of it has the wrong size");
    }
    byte[] encapsulated = prompt.getEncapsulated().toByteArray();
    byte[] promptData = SealedFormat.promptData(prompt, model);
    byte[] plaintext;
    AnswerSecret secret;
    try {
      HPKEContext context =
          SealedFormat.hpke().setupBaseR(encapsulated, pair, SealedFormat.PROMPT_INFO);
      plaintext = context.open(promptData, prompt.getCiphertext().toByteArray());
      secret = new AnswerSecret(context, encapsulated);
    } catch (InvalidCipherTextException | IllegalStateException | IllegalArgumentException e) {
      // The latter two are Bouncy Castle's answer to points of small order and short ciphertexts.
      return new OpenedPrompt.Broken(DOES_NOT_OPEN);
    }
    return parsed(prompt, promptData, plaintext, secret);
  }

  private OpenedPrompt parsed(
      SealedPrompt prompt, byte[] promptData, byte[] plaintext, AnswerSecret secret) {
    PrivatePrompt opened;
    try {
      opened = PrivatePrompt.parseFrom(plaintext);
    } catch (InvalidProtocolBufferException e) {
      return new OpenedPrompt.Broken("the sealed prompt opens, and holds no request");
    } finally {
      Arrays.fill(plaintext, (byte) 0);
    }
    if (prompt.getChat() ? !opened.hasChat() : !opened.hasText()) {
      return new OpenedPrompt.Broken("the sealed prompt is of another kind than it says");
    }
    return new OpenedPrompt.Good(
        opened.getPadding().equals(ByteString.EMPTY)
            ? opened
            : opened.toBuilder().clearPadding().build(),
        new SealedAnswer(secret, promptData, random));
  }
}
