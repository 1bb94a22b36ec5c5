package org.cocoon.router;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.link.node.NodeTee;
import org.cocoon.link.sealing.MonotonicCounter;
import org.cocoon.link.sealing.SealedFile;
import org.cocoon.link.sealing.SealedFile.Opened;
import org.cocoon.link.sealing.SealingKeys;
import org.cocoon.link.sealing.SealingUnavailableException;
import org.cocoon.router.ledger.PostgresLedger.KeySource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a router keeps its receipt key.
 *
 * <pre>
 *   receipt.key.sealed             the key, which this image alone can open
 *   receipt.key.sealed.KEYID       that of another image, which takes it back when it runs again
 *   receipt.key.sealed.given-up-N  what an operator gave up with --new-receipt-key
 *   receipt.key                    the key in clear (PKCS #8 in PEM), where the TEE cannot seal
 *   receipt.key.lock               held while one of them is opened
 * </pre>
 *
 * <p>Everything blocks; used once, at the start.
 */
final class ReceiptKeyFile {
  static final String PLAIN = "receipt.key";
  static final String SEALED = "receipt.key.sealed";
  private static final String LOCK = "receipt.key.lock";
  private static final String LABEL = "receipt-key";
  private static final String REMEDY =
      ". Restore it from a backup, together with the database; if it is lost, start once with"
          + " --new-receipt-key, which gives it up and makes a new key";
  private static final Logger log = LoggerFactory.getLogger(ReceiptKeyFile.class);

  private final Path data;
  private final SecureRandom random;

  /**
   * Names the files.
   *
   * @param data the folder, which is there
   */
  ReceiptKeyFile(Path data, SecureRandom random) {
    this.data = data;
    this.random = random;
  }

  /**
   * How the receipt key is kept in this TEE; blocks for as long as the TEE takes.
   *
   * @throws IOException a sentence, if the TEE gives no sealing keys, and the options do not allow
   *     for keys in clear where it has none
   */
  static KeySource source(NodeTee tee, RouterOptions options) throws IOException {
    ReceiptKeyFile file = new ReceiptKeyFile(options.data(), new SecureRandom());
    try {
      SealingKeys keys = tee.sealingKeys();
      return counter -> file.sealed(keys, counter, options.newReceiptKey());
    } catch (SealingUnavailableException e) {
      String why = String.valueOf(e.getMessage());
      if (!options.unsealedKeys()) {
        throw new IOException(
            "the receipt key cannot be sealed: "
                + why
                + ". To keep it in a plain file all the same, start with --unsealed-keys",
            e);
      }
      return _ -> file.unsealed(why);
    }
  }

  /**
   * The key in clear, made where there is none: for a TEE that cannot seal.
   *
   * @param why it cannot
   * @throws IOException if the file cannot be read or written
   */
  ReceiptKey unsealed(String why) throws IOException {
    ReceiptKey key = ReceiptKey.loadOrCreate(data.resolve(PLAIN));
    log.warn(
        "event=receipt_key_unsealed file={} key={} reason=\"{}\"",
        data.resolve(PLAIN),
        name(key),
        why);
    return key;
  }

  /**
   * The key, from its sealed file: opened, made there, or taken over from a file in clear.
   *
   * @param giveUp whether a key that cannot be opened is given up for a new one
   * @throws IOException with what an operator can do, if the file is not as it was sealed last
   */
  ReceiptKey sealed(SealingKeys keys, MonotonicCounter counter, boolean giveUp) throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                data.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock == null) {
        throw new IOException("another router opens its receipt key in " + data);
      }
      return open(keys, counter, giveUp);
    } catch (OverlappingFileLockException e) {
      throw new IOException("another router of this process opens its receipt key in " + data, e);
    }
  }

  private ReceiptKey open(SealingKeys keys, MonotonicCounter counter, boolean giveUp)
      throws IOException {
    SealedFile file = new SealedFile(data.resolve(SEALED), LABEL, keys, counter);
    Opened opened = file.open();
    boolean others = false;
    if (opened instanceof Opened.Refused(SealedFile.Reason reason, _)
        && reason == SealedFile.Reason.OTHER_KEY) {
      opened = file.openBesideOther();
      others = !(opened instanceof Opened.Refused);
    }
    return switch (opened) {
      case Opened.Content content -> opened(content);
      case Opened.Empty _ -> firstOfThisImage(file, keys, counter, others);
      case Opened.Refused(SealedFile.Reason reason, String detail) -> {
        if (!giveUp) {
          throw new IOException("receipt key refused (" + reason + "): " + detail + REMEDY);
        }
        file.giveUp();
        log.warn("event=receipt_key_given_up reason={} detail=\"{}\"", reason, detail);
        ReceiptKey key = save(file, ReceiptKey.generate(random), keys, counter);
        log.warn("event=receipt_key_replaced reason={} key={} before=unknown", reason, name(key));
        yield key;
      }
    };
  }

  private ReceiptKey opened(Opened.Content content) throws IOException {
    ReceiptKey key = key(content.content());
    log.info(
        "event=receipt_key_opened key={} version={} repaired={}",
        name(key),
        content.version(),
        content.repaired());
    Optional<ReceiptKey> plain = plain();
    if (plain.isPresent()) {
      // A crash kept it from being removed, unless it is another one.
      if (!MessageDigest.isEqual(plain.get().publicKey(), key.publicKey())) {
        throw new IOException(
            data.resolve(PLAIN)
                + " is another key than the sealed one beside it: move away the one that is not"
                + " wanted");
      }
      erase(data.resolve(PLAIN));
      log.info("event=receipt_key_taken_over key={} from={} again=true", name(key), PLAIN);
    }
    return key;
  }

  private ReceiptKey firstOfThisImage(
      SealedFile file, SealingKeys keys, MonotonicCounter counter, boolean others)
      throws IOException {
    Optional<ReceiptKey> plain = plain();
    ReceiptKey key = save(file, plain.orElseGet(() -> ReceiptKey.generate(random)), keys, counter);
    if (plain.isPresent()) {
      erase(data.resolve(PLAIN));
      log.info("event=receipt_key_taken_over key={} from={}", name(key), PLAIN);
    } else if (others) {
      log.warn(
          "event=receipt_key_replaced reason=OTHER_KEY key={} before=unknown detail=\"another image"
              + " sealed the key before; its file is kept as {}.KEYID\"",
          name(key),
          SEALED);
    } else {
      log.info("event=receipt_key_made key={}", name(key));
    }
    return key;
  }

  /** Saves a key and reads it back, as the next start will. */
  private ReceiptKey save(
      SealedFile file, ReceiptKey key, SealingKeys keys, MonotonicCounter counter)
      throws IOException {
    byte[] seed = key.seed();
    try {
      file.save(seed);
    } finally {
      Arrays.fill(seed, (byte) 0);
    }
    Opened again = new SealedFile(data.resolve(SEALED), LABEL, keys, counter).open();
    if (!(again instanceof Opened.Content content)
        || !MessageDigest.isEqual(key(content.content()).publicKey(), key.publicKey())) {
      throw new IOException(
          data.resolve(SEALED) + " was written and cannot be read back; is the disk all right?");
    }
    return key;
  }

  private Optional<ReceiptKey> plain() throws IOException {
    Path file = data.resolve(PLAIN);
    return Files.exists(file) ? Optional.of(ReceiptKey.load(file)) : Optional.empty();
  }

  private static ReceiptKey key(byte[] seed) {
    try {
      return ReceiptKey.ofSeed(seed);
    } finally {
      Arrays.fill(seed, (byte) 0);
    }
  }

  /** Writes zeros over a file and removes it, both on the disk when this returns. */
  private static void erase(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer zeros = ByteBuffer.allocate(Math.toIntExact(channel.size()));
      while (zeros.hasRemaining()) {
        channel.write(zeros);
      }
      channel.force(true);
    }
    Files.delete(file);
    try (FileChannel folder = FileChannel.open(file.resolveSibling("."), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  /** The public key, as receipts show it. */
  private static String name(ReceiptKey key) {
    return HexFormat.of().formatHex(key.publicKey());
  }
}
