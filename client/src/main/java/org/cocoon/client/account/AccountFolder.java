package org.cocoon.client.account;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import org.cocoon.client.pay.DurableFile;
import org.cocoon.contracts.ReceiptKey;

/**
 * A person's keys, in files that only they can read: {@code wallet.key} holds money, {@code
 * voucher.key} allows charges, {@code api.key} asks.
 */
final class AccountFolder {
  private static final int MAX_KEY_BYTES = 256;
  private static final int API_KEY_BYTES = 32;

  private final Path folder;

  /** Those of a data folder. */
  AccountFolder(Path data) {
    this.folder = data.resolve("account");
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  Path walletFile() {
    return file("wallet.key");
  }

  Path voucherFile() {
    return file("voucher.key");
  }

  Path apiKeyFile() {
    return file("api.key");
  }

  void make() throws IOException {
    if (!Files.isDirectory(folder)) {
      Path parent = folder.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  /**
   * The wallet's key.
   *
   * @throws CommandFailure if there is none
   */
  ReceiptKey wallet() throws IOException {
    try {
      return ReceiptKey.load(walletFile());
    } catch (NoSuchFileException e) {
      throw new CommandFailure(
          "There is no wallet in %s: make one with `cocoon wallet new`, or give --data."
              .formatted(walletFile()));
    }
  }

  /**
   * Makes a wallet's key.
   *
   * @throws CommandFailure if there is one: it may hold money
   */
  ReceiptKey newWallet() throws IOException {
    make();
    if (Files.exists(walletFile())) {
      throw new CommandFailure(
          "There is a wallet already (%s); it is not replaced, because it may hold money."
              .formatted(walletFile()));
    }
    return ReceiptKey.loadOrCreate(walletFile());
  }

  /** The voucher key, made if it is missing. */
  ReceiptKey voucherKey() throws IOException {
    make();
    return ReceiptKey.loadOrCreate(voucherFile());
  }

  /** The voucher key, if there is one. */
  Optional<ReceiptKey> knownVoucherKey() throws IOException {
    return Files.exists(voucherFile())
        ? Optional.of(ReceiptKey.load(voucherFile()))
        : Optional.empty();
  }

  /** The API key that was stored here. */
  Optional<String> apiKey() throws IOException {
    Path file = apiKeyFile();
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    if (Files.size(file) > MAX_KEY_BYTES) {
      throw new IOException(file + " is too long for an API key");
    }
    String key = Files.readString(file, StandardCharsets.US_ASCII).strip();
    return key.isEmpty() ? Optional.empty() : Optional.of(key);
  }

  /** The API key, made and stored if it is missing: the router sees its hash alone. */
  String apiKeyOrNew() throws IOException {
    Optional<String> known = apiKey();
    if (known.isPresent()) {
      return known.get();
    }
    byte[] secret = new byte[API_KEY_BYTES];
    new SecureRandom().nextBytes(secret);
    String key = "ck_" + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    make();
    DurableFile.replace(apiKeyFile(), (key + "\n").getBytes(StandardCharsets.US_ASCII));
    return key;
  }
}
