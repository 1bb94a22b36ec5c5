package org.cocoon.link.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.sealing.MonotonicCounter.Count;
import org.cocoon.link.sealing.SealedFile.Opened;
import org.cocoon.link.sealing.SealedFile.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a sealed file keeps, and every refusal with its own reason. */
final class SealedFileTest {
  private static final long SEED = 20260301;
  private static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));
  private static final ImageMeasurement OTHER_IMAGE = new ImageMeasurement("5b".repeat(48));
  private static final byte[] FIRST = "the first secret".getBytes(UTF_8);
  private static final byte[] SECOND = "the second secret".getBytes(UTF_8);

  @TempDir Path dir = Path.of("");
  @TempDir Path otherDir = Path.of("");
  private final Random random = new Random(SEED);
  private MonotonicCounter counter = new UnanchoredCounter(dir);

  @BeforeEach
  void makeCounter() {
    counter = new UnanchoredCounter(dir.resolve("counters"));
  }

  @Test
  void sameImageReadsItAfterARestart() throws IOException {
    SealedFile file = file();
    assertInstanceOf(Opened.Empty.class, file.open());
    assertEquals(1, file.save(FIRST));
    assertEquals(2, file.save(SECOND));
    Opened.Content content = assertInstanceOf(Opened.Content.class, file().open());
    assertArrayEquals(SECOND, content.content());
    assertEquals(2, content.version());
    assertFalse(content.repaired());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path())));
    String onDisk = new String(Files.readAllBytes(path()), UTF_8);
    assertFalse(onDisk.contains("secret"), "the content must not lie in clear");
  }

  @Test
  void anotherImageRoleOrMachineCannotReadIt() throws IOException {
    saved(FIRST);
    assertRefused(Reason.OTHER_KEY, file(keys(dir, OTHER_IMAGE, Role.WORKER)).open());
    assertRefused(Reason.OTHER_KEY, file(keys(dir, IMAGE, Role.KEYS)).open());
    assertRefused(Reason.OTHER_KEY, file(keys(otherDir, IMAGE, Role.WORKER)).open());
    assertInstanceOf(Opened.Content.class, file().open());
  }

  @Test
  void anotherPurposesFileIsRefused() throws IOException {
    saved(FIRST);
    SealedFile other = new SealedFile(path(), "another", keys(), counter);
    assertRefused(Reason.OTHER_LABEL, other.open());
    assertThrows(
        IllegalArgumentException.class,
        () -> new SealedFile(path(), "../counter", keys(), counter));
  }

  @Test
  void noChangedOrMissingByteIsRead() throws IOException {
    saved(FIRST);
    byte[] good = Files.readAllBytes(path());
    for (int at = 0; at < good.length; at++) {
      byte[] changed = good.clone();
      changed[at] ^= (byte) (1 + random.nextInt(255));
      Files.write(path(), changed);
      Opened opened = file().open();
      assertInstanceOf(Opened.Refused.class, opened, "offset " + at + ", seed " + SEED);
    }
    for (int length = 0; length < good.length; length++) {
      Files.write(path(), Arrays.copyOf(good, length));
      assertInstanceOf(Opened.Refused.class, file().open(), "cut to " + length);
    }
    byte[] changed = good.clone();
    changed[good.length - 1] ^= 1;
    assertRefused(Reason.DAMAGED, opened(changed));
    changed = good.clone();
    changed[20 + "test".length() + 7] = 2; // the version's last byte
    assertRefused(Reason.DAMAGED, opened(changed));
    assertRefused(Reason.DAMAGED, opened(Arrays.copyOf(good, good.length + 1)));
    assertRefused(Reason.DAMAGED, opened(Arrays.copyOf(good, good.length - 1)));
    assertRefused(Reason.MALFORMED, opened(Arrays.copyOf(good, 40)));
    changed = good.clone();
    changed[17] = 2; // the format's version
    assertRefused(Reason.MALFORMED, opened(changed));
    assertInstanceOf(Opened.Content.class, opened(good));
  }

  @Test
  void olderVersionsAreRefused() throws IOException {
    SealedFile file = saved(FIRST);
    byte[] old = Files.readAllBytes(path());
    file.save(SECOND);
    Files.write(path(), old);
    Opened.Refused refused = assertRefused(Reason.ROLLED_BACK, file().open());
    assertTrue(refused.detail().contains("rolled back: it is version 1 of 2"), refused.detail());
    Files.delete(path());
    assertRefused(Reason.REMOVED, file().open());
  }

  @Test
  void counterThatWasSetBackIsNoticed() throws IOException {
    SealedFile file = saved(FIRST);
    file.save(SECOND);
    counter = new UnanchoredCounter(otherDir);
    assertRefused(Reason.COUNTER_BEHIND, file().open());
  }

  @Test
  void crashBetweenWriteAndCountIsRepaired() throws IOException {
    saved(FIRST);
    MonotonicCounter real = counter;
    counter = new FailingCounter(real);
    SealedFile crashing = file();
    assertInstanceOf(Opened.Content.class, crashing.open());
    assertThrows(IOException.class, () -> crashing.save(SECOND));
    assertThrows(
        IllegalStateException.class, () -> crashing.save(FIRST), "the number is used already");
    assertEquals(1, count(real));

    counter = real;
    Opened.Content content = assertInstanceOf(Opened.Content.class, file().open());
    assertArrayEquals(SECOND, content.content());
    assertTrue(content.repaired());
    assertEquals(2, count(real));
    assertFalse(assertInstanceOf(Opened.Content.class, file().open()).repaired());
  }

  @Test
  void crashOfTheFirstSaveIsRepaired() throws IOException {
    MonotonicCounter real = counter;
    counter = new FailingCounter(real);
    SealedFile crashing = file();
    assertInstanceOf(Opened.Empty.class, crashing.open());
    assertThrows(IOException.class, () -> crashing.save(FIRST));
    counter = real;
    assertTrue(assertInstanceOf(Opened.Content.class, file().open()).repaired());
  }

  /** A version was written, and hidden before it was counted; the next one has its number. */
  @Test
  void versionThatWasNeverCountedIsRefused() throws IOException {
    saved(FIRST);
    byte[] first = Files.readAllBytes(path());
    MonotonicCounter real = counter;
    counter = new FailingCounter(real);
    SealedFile crashing = file();
    crashing.open();
    assertThrows(IOException.class, () -> crashing.save("hidden".getBytes(UTF_8)));
    byte[] hidden = Files.readAllBytes(path());

    counter = real;
    assertInstanceOf(Opened.Content.class, opened(first));
    SealedFile next = file();
    next.open();
    assertEquals(2, next.save(SECOND));
    byte[] second = Files.readAllBytes(path());
    assertRefused(Reason.NOT_COUNTED, opened(hidden));
    assertInstanceOf(Opened.Content.class, opened(second));
  }

  @Test
  void imagesTakeTurnsAndEachFindsItsOwn() throws IOException {
    saved(FIRST);
    SealedFile other = file(keys(dir, OTHER_IMAGE, Role.WORKER));
    assertRefused(Reason.OTHER_KEY, other.open());
    assertThrows(IllegalStateException.class, () -> other.save(SECOND));
    assertInstanceOf(Opened.Empty.class, other.openBesideOther());
    assertEquals(1, other.save(SECOND));

    assertRefused(Reason.OTHER_KEY, file().open());
    Opened.Content back = assertInstanceOf(Opened.Content.class, file().openBesideOther());
    assertArrayEquals(FIRST, back.content());
    Opened.Content others = assertInstanceOf(Opened.Content.class, other.openBesideOther());
    assertArrayEquals(SECOND, others.content());
    assertThrows(IllegalStateException.class, other::openBesideOther, "it is its own by now");
  }

  /** Else a changed byte in the key id would have a key replaced. */
  @Test
  void whoSavedOneIsNotGivenRoomBesideAnother() throws IOException {
    saved(FIRST);
    byte[] damaged = Files.readAllBytes(path());
    damaged[20 + "test".length() + 8] ^= 1; // the key id's first byte
    assertRefused(Reason.OTHER_KEY, opened(damaged));
    Opened.Refused refused = assertRefused(Reason.OTHER_KEY, file().openBesideOther());
    assertTrue(refused.detail().contains("version 1, which is gone"), refused.detail());
    assertArrayEquals(damaged, Files.readAllBytes(path()), "it is where it was");
  }

  @Test
  void whatIsGivenUpIsNeverTakenAgain() throws IOException {
    SealedFile file = saved(FIRST);
    byte[] first = Files.readAllBytes(path());
    file.save(SECOND);
    byte[] second = Files.readAllBytes(path());
    assertRefused(Reason.ROLLED_BACK, opened(first));
    SealedFile fresh = file();
    fresh.giveUp();
    assertArrayEquals(first, Files.readAllBytes(dir.resolve("test.sealed.given-up-2")));
    assertEquals(3, fresh.save("new".getBytes(UTF_8)));
    assertRefused(Reason.ROLLED_BACK, opened(first));
    assertRefused(Reason.ROLLED_BACK, opened(second));
  }

  @Test
  void secondOwnerDoesNotOverwriteTheFirst() throws IOException {
    SealedFile first = saved(FIRST);
    SealedFile second = file();
    assertInstanceOf(Opened.Content.class, second.open());
    first.save(SECOND);
    assertThrows(CounterConflictException.class, () -> second.save(FIRST));
    assertArrayEquals(SECOND, assertInstanceOf(Opened.Content.class, file().open()).content());
  }

  @Test
  void savesOnlyWhatWasOpenedAndFits() throws IOException {
    assertThrows(IllegalStateException.class, () -> file().save(FIRST));
    SealedFile file = saved(FIRST);
    assertThrows(
        IllegalArgumentException.class,
        () -> file.save(new byte[SealedFile.MAX_CONTENT_BYTES + 1]));
    Files.write(path(), new byte[10]);
    assertRefused(Reason.MALFORMED, file.open());
    assertThrows(IllegalStateException.class, () -> file.save(SECOND));
  }

  @Test
  void developmentCounterGoesUpOnceAndSaysWhatItIs() throws IOException {
    UnanchoredCounter unanchored = new UnanchoredCounter(otherDir.resolve("made"));
    assertEquals(0, unanchored.current("a").value());
    unanchored.advance("a", 0, new Count(1, digest(1)));
    unanchored.advance("a", 1, new Count(5, digest(5)));
    assertEquals(5, unanchored.current("a").value());
    assertArrayEquals(digest(5), unanchored.current("a").digest());
    assertEquals(0, unanchored.current("b").value());
    assertThrows(
        CounterConflictException.class, () -> unanchored.advance("a", 1, new Count(2, digest(2))));
    assertThrows(
        IllegalArgumentException.class, () -> unanchored.advance("a", 5, new Count(5, digest(5))));
    assertThrows(IllegalArgumentException.class, () -> unanchored.current("../a"));
    assertTrue(unanchored.warning().contains("NOT protected"));
    Files.writeString(otherDir.resolve("made/a.counter"), "five");
    assertThrows(IOException.class, () -> unanchored.current("a"));
  }

  private static byte[] digest(int content) {
    return Digests.sha256(new byte[] {(byte) content});
  }

  /** What the counter of this image's key says. */
  private long count(MonotonicCounter counters) throws IOException {
    byte[] keyId = SealedFormat.keyId(keys().derive("test"));
    return counters.current("test." + HexFormat.of().formatHex(keyId)).value();
  }

  private Opened opened(byte[] onDisk) throws IOException {
    Files.write(path(), onDisk);
    return file().open();
  }

  private SealedFile saved(byte[] content) throws IOException {
    SealedFile file = file();
    assertInstanceOf(Opened.Empty.class, file.open());
    file.save(content);
    return file;
  }

  private SealedFile file() throws IOException {
    return file(keys());
  }

  private SealedFile file(SealingKeys keys) {
    return new SealedFile(path(), "test", keys, counter, seeded());
  }

  private SecureRandom seeded() {
    try {
      SecureRandom seeded = SecureRandom.getInstance("SHA1PRNG");
      seeded.setSeed(random.nextLong());
      return seeded;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private Path path() {
    return dir.resolve("test.sealed");
  }

  private SealingKeys keys() throws IOException {
    return keys(dir, IMAGE, Role.WORKER);
  }

  /** As after a restart: the root is read again. */
  private static SealingKeys keys(Path dir, ImageMeasurement image, Role role) throws IOException {
    return SecretSealingKeys.simulated(SimulatedRoot.in(dir, InstantSource.system()), image, role);
  }

  private static Opened.Refused assertRefused(Reason reason, Opened opened) {
    Opened.Refused refused = assertInstanceOf(Opened.Refused.class, opened);
    assertEquals(reason, refused.reason(), refused.detail());
    return refused;
  }

  /** Answers, but is gone when it should count. */
  private record FailingCounter(MonotonicCounter real) implements MonotonicCounter {
    @Override
    public Count current(String name) throws IOException {
      return real.current(name);
    }

    @Override
    public void advance(String name, long from, Count to) throws IOException {
      throw new IOException("the counter is gone");
    }
  }
}
