package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceiptKeyTest {
  @TempDir Path folder;

  @Test
  void isMadeOnceReadableByItsOwnerOnly() throws Exception {
    Path file = folder.resolve("receipt.pem");
    ReceiptKey made = ReceiptKey.loadOrCreate(file);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertArrayEquals(made.publicKey(), ReceiptKey.loadOrCreate(file).publicKey());
    try (var files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList(), "no draft is left");
    }
  }

  @Test
  void allWhoCreateItAtOnceGetTheSame() throws Exception {
    Path file = folder.resolve("receipt.pem");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<ReceiptKey>> creations = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        creations.add(() -> ReceiptKey.loadOrCreate(file));
      }
      for (Future<ReceiptKey> each : threads.invokeAll(creations)) {
        assertArrayEquals(ReceiptKey.loadOrCreate(file).publicKey(), each.get().publicKey());
      }
    }
  }

  /** The JDK reads the file, and its signature is the same. */
  @Test
  void isAnOrdinaryEd25519KeyFile() throws Exception {
    Path file = folder.resolve("receipt.pem");
    ReceiptKey key = ReceiptKey.loadOrCreate(file);
    String base64 = Files.readString(file).replaceAll("-----[A-Z ]+-----|\n", "");
    Signature jdk = Signature.getInstance("Ed25519");
    jdk.initSign(
        KeyFactory.getInstance("Ed25519")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64))));
    byte[] message = {1, 2, 3};
    jdk.update(message);
    assertArrayEquals(jdk.sign(), key.sign(message));
  }

  @Test
  void refusesWhatOthersMayReadAndWhatIsNoKey() throws Exception {
    Path file = folder.resolve("receipt.pem");
    ReceiptKey.loadOrCreate(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    IOException refusal = assertThrows(IOException.class, () -> ReceiptKey.loadOrCreate(file));
    assertTrue(refusal.toString().contains("chmod 600"), refusal.toString());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    for (String content : List.of("", "hello", Files.readString(file).replace("MC4", "MC5"))) {
      Files.writeString(file, content);
      assertThrows(IOException.class, () -> ReceiptKey.loadOrCreate(file), content);
    }
    assertThrows(IllegalArgumentException.class, () -> ReceiptKey.ofSeed(new byte[31]));
  }

  @Test
  void neverPrintsItsSecret() {
    byte[] seed = HexFormat.of().parseHex("ab".repeat(32));
    ReceiptKey key = ReceiptKey.ofSeed(seed);
    assertFalse(key.toString().contains("abab"), key.toString());
  }
}
