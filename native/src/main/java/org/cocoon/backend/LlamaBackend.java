package org.cocoon.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.cocoon.model.BlockHashes;
import org.cocoon.model.ModelFileException;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF model on the CPU, computed by llama.cpp. Returns all logits of a row.
 *
 * <p>All sequences share one pool of cache cells, so a copied prefix costs no memory and no time.
 * The pool holds {@code sequences * contextTokens} tokens and is allocated when the model opens.
 *
 * <p>Embeddings are computed in a context of their own over the same weights, which is made when it
 * is first needed and takes memory for one more sequence.
 *
 * <p>With one thread a token's logits do not depend, to the last bit, on how prompts were cut into
 * steps or on what else was in a step (seen on zen4; see llama_backend.cpp), but on which cells
 * others have left before. With {@link LlamaOptions#exact()} each sequence has a cache of its own,
 * a copied prefix is a copy of all of it, and logits depend on a sequence's own tokens alone. With
 * more threads they differ by rounding, as much as 0.8.
 *
 * <p>The first thread that calls {@link #step}, {@link #truncate}, {@link #copyPrefix} or {@link
 * #stats} becomes the owner; calls from another are an {@link IllegalStateException}. {@link
 * #close} is the owner's too, or anybody's before there is one and after its thread has ended.
 */
public final class LlamaBackend implements Backend {
  static final String LIBRARY = "libcocoon_llama.so";

  private final NativeModel model;
  private final BackendLimits limits;
  private final boolean exact;
  private final LlamaVocabulary vocabulary;
  private final BackendDescription description;
  private final int embeddingSize;
  private volatile @Nullable Thread owner;

  private LlamaBackend(NativeModel model, BackendLimits limits, LlamaOptions options, String hash) {
    this.model = model;
    exact = options.exact();
    this.limits = limits;
    this.vocabulary = new LlamaVocabulary(model, limits.vocabularySize());
    this.embeddingSize = model.embeddingSize();
    String device = model.metadata("device");
    this.description =
        new BackendDescription(
            "llama", options.modelName(), "file:" + hash, device == null ? "cpu" : device, false);
  }

  /**
   * Hashes a model's file and loads it. The file is read from the disk once: llama.cpp maps the
   * pages that the hash has just brought into memory.
   *
   * @throws BackendException if the library or the model cannot be used, in a sentence
   */
  public static LlamaBackend open(LlamaOptions options) {
    return open(options, "", false, hashed -> {});
  }

  /**
   * The same for a model of which the hash is known.
   *
   * @param expectedHash 64 hexadecimal digits that its hash must be, before anything is loaded;
   *     empty: any
   * @param besideOthers whether others compute meanwhile, so that one core must do
   * @param hashed told now and then how many bytes are hashed, from any thread
   */
  public static LlamaBackend open(
      LlamaOptions options, String expectedHash, boolean besideOthers, LongConsumer hashed) {
    Path file = options.model().toAbsolutePath();
    NativeLibrary.load(options.nativeDir(), LIBRARY);
    String hash = hashOf(file, besideOthers, hashed);
    if (!expectedHash.isEmpty() && !hash.equals(expectedHash)) {
      throw new BackendException(
          "the model %s has the hash %s, not %s; it is another file than was meant, or damaged"
              .formatted(file, hash, expectedHash));
    }
    int[] sizes = new int[5];
    long address;
    try {
      address =
          NativeLibrary.open(
              options.nativeDir().toAbsolutePath().toString().getBytes(UTF_8),
              file.toString().getBytes(UTF_8),
              options.sequences(),
              options.contextTokens(),
              options.batchTokens(),
              options.threads(),
              options.precise(),
              options.exact(),
              options.guesses(),
              options.plainKernels(),
              sizes);
    } catch (BackendException e) {
      throw new BackendException("cannot use the model " + file + ": " + e.getMessage(), e);
    }
    NativeModel model = new NativeModel(address);
    BackendLimits limits =
        new BackendLimits(
            sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[0] + options.guesses());
    try {
      return new LlamaBackend(model, limits, options, hash);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** How many models and vocabularies of this process are open: native memory that is held. */
  public static int openHandles() {
    return NativeModel.open();
  }

  private static String hashOf(Path file, boolean besideOthers, LongConsumer hashed) {
    if (!Files.isRegularFile(file)) {
      throw new BackendException("there is no model file " + file);
    }
    try {
      return (besideOthers ? BlockHashes.onOneCore(file, hashed) : BlockHashes.of(file, hashed))
          .root();
    } catch (ModelFileException e) {
      throw new BackendException(e.getMessage(), e);
    }
  }

  @Override
  public BackendDescription description() {
    return description;
  }

  @Override
  public BackendLimits limits() {
    return limits;
  }

  @Override
  public boolean computesNeighbours() {
    return exact;
  }

  /** How many products of matrices the bridge's own kernels have computed. */
  long batchedProducts() {
    return Long.parseLong(Objects.requireNonNull(model.metadata("batched_products")));
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void step(StepBatch batch) {
    checkOwner();
    if (!batch.limits().equals(limits)) {
      throw new BackendException(
          "the batch was made for " + batch.limits() + ", not for " + limits);
    }
    model.step(batch);
  }

  @Override
  public void truncate(int sequence, int fromPosition) {
    checkOwner();
    model.truncate(sequence, fromPosition);
  }

  @Override
  public void copyPrefix(int fromSequence, int toSequence, int tokens) {
    checkOwner();
    model.copyPrefix(fromSequence, toSequence, tokens);
  }

  @Override
  public int embeddingSize() {
    return embeddingSize;
  }

  @Override
  public void embed(EmbeddingBatch batch) {
    checkOwner();
    if (batch.size() != embeddingSize) {
      throw new BackendException(
          "the batch was made for vectors of " + batch.size() + ", not of " + embeddingSize);
    }
    model.embed(batch);
  }

  @Override
  public void forgetEmbedding(int sequence) {
    checkOwner();
    model.forgetEmbedding(sequence);
  }

  @Override
  public BackendStats stats() {
    checkOwner();
    return model.stats();
  }

  @Override
  public void close() {
    Thread current = owner;
    if (current != null && current.isAlive()) {
      checkOwner();
    }
    model.close();
  }

  private void checkOwner() {
    Thread caller = Thread.currentThread();
    Thread current = owner;
    if (current == null) {
      owner = caller;
    } else if (!current.equals(caller)) {
      throw new IllegalStateException(
          "the backend belongs to thread " + current.getName() + ", not " + caller.getName());
    }
  }
}
