package org.cocoon.link.seal;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.SealedPrompt;

/**
 * The client's end of one sealed request: seals it, and opens the chunks of its answer. One thread
 * at a time.
 */
public final class SealedExchange implements AutoCloseable {
  private final SealedPrompt request;
  private final AnswerReader answer;

  private SealedExchange(SealedPrompt request, AnswerSecret secret, byte[] promptData) {
    this.request = request;
    this.answer = new AnswerReader(secret, new Transcript(promptData));
  }

  /**
   * Seals a request.
   *
   * @param key of the model that shall answer; that it is valid now is the caller's to see to
   * @param prompt what is asked, padding left out
   * @param maxTokens the client's own limit, 0: none; whoever carries the request sees it
   * @throws IllegalArgumentException if it holds no prompt, or one that is too large
   */
  public static SealedExchange seal(GroupPublicKey key, PrivatePrompt prompt, int maxTokens) {
    return seal(key, prompt, maxTokens, new SecureRandom());
  }

  static SealedExchange seal(
      GroupPublicKey key, PrivatePrompt prompt, int maxTokens, SecureRandom random) {
    if (prompt.getPromptCase() == PrivatePrompt.PromptCase.PROMPT_NOT_SET || maxTokens < 0) {
      throw new IllegalArgumentException("a request needs messages or text, and no limit below 0");
    }
    byte[] plaintext = SealedFormat.padPrompt(prompt);
    if (plaintext.length + SealedFormat.TAG_BYTES > SealedFormat.MAX_PROMPT_BYTES) {
      throw new IllegalArgumentException(
          "the request has "
              + plaintext.length
              + " bytes with its padding, more than "
              + (SealedFormat.MAX_PROMPT_BYTES - SealedFormat.TAG_BYTES));
    }
    SealedPrompt.Builder request =
        SealedPrompt.newBuilder()
            .setKeyId(key.keyId())
            .setRequestNonce(ByteString.copyFrom(drawn(random, SealedFormat.REQUEST_NONCE_BYTES)))
            .setMaxTokens(maxTokens)
            .setChat(prompt.hasChat());
    byte[] promptData = SealedFormat.promptData(request.buildPartial(), key.model());
    HPKE hpke = SealedFormat.hpke();
    byte[] seed = drawn(random, SealedFormat.KEY_BYTES);
    AsymmetricCipherKeyPair ephemeral = hpke.deriveKeyPair(seed);
    try {
      HPKEContextWithEncapsulation context =
          hpke.setupBaseS(
              hpke.deserializePublicKey(key.publicKey()), SealedFormat.PROMPT_INFO, ephemeral);
      byte[] encapsulated = context.getEncapsulation();
      request
          .setEncapsulated(ByteString.copyFrom(encapsulated))
          .setCiphertext(ByteString.copyFrom(context.seal(promptData, plaintext)));
      return new SealedExchange(
          request.build(), new AnswerSecret(context, encapsulated), promptData);
    } catch (InvalidCipherTextException e) {
      throw new IllegalStateException("a request could not be sealed", e);
    } finally {
      Arrays.fill(plaintext, (byte) 0);
      Arrays.fill(seed, (byte) 0);
    }
  }

  private static byte[] drawn(SecureRandom random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  /** What goes to the router. */
  public SealedPrompt request() {
    return request;
  }

  /**
   * Opens the next chunk of the answer.
   *
   * @param sealedChunk as it came
   * @param tokens how many tokens the router counted in it, which is what the client pays for
   * @return broken if it is not the next chunk or holds another number of tokens, and from then on
   */
  public Opened open(byte[] sealedChunk, int tokens) {
    return answer.open(sealedChunk, Math.max(tokens, 0));
  }

  /**
   * Whether the last chunk came; an answer that ends before it was cut off. To be asked before
   * {@link #close()}.
   */
  public boolean complete() {
    return answer.complete();
  }

  /** Overwrites the answer's secret; nothing opens from now on. */
  @Override
  public void close() {
    answer.close();
  }
}
