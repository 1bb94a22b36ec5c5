package org.cocoon.link.evidence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.Random;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x509.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the own DER against Bouncy Castle's. */
final class DerTest {
  private static final long SEED = 20260304;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2.5.29.15",
        "1.2.840.113741.1.13.1.2.18",
        "0.9.2342.19200300.100.1.1",
        "2.25.78323838167326399797837577393372858040.1"
      })
  void writesNamesOfAnySize(String oid) throws IOException {
    assertArrayEquals(new ASN1ObjectIdentifier(oid).getEncoded("DER"), Der.oid(oid));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 127, 128, 255, 256, 65_535, 1L << 40, -1, -129})
  void writesAndReadsIntegers(long value) throws IOException {
    byte[] der = Der.integer(value);
    assertArrayEquals(new ASN1Integer(value).getEncoded("DER"), der);
    assertEquals(value, DerValue.of(der).integer().longValueExact());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 255, 256, 5_000, 65_535, 65_536})
  void writesAndReadsLengths(int length) throws IOException {
    byte[] octets = new byte[length];
    byte[] der = Der.octets(octets);
    assertArrayEquals(new DEROctetString(octets).getEncoded("DER"), der);
    assertArrayEquals(octets, DerValue.of(der).expect(Der.OCTET_STRING));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2026-03-01T12:00:00Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"})
  void writesTimesAsCertificatesNeedThem(String instant) throws IOException {
    Instant time = Instant.parse(instant);
    assertArrayEquals(new Time(Date.from(time)).getEncoded("DER"), Der.time(time));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // nothing
        "30", // no length
        "3080020100" + "0000", // indefinite length
        "048101aa", // length not in its shortest form
        "04820001aa",
        "0485000000" + "0001aa", // length of five bytes
        "0402aa", // content missing
        "0401aa00", // something follows
        "1f8101" + "00" // long tag
      })
  void refusesWhatIsNotDer(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    assertThrows(DerException.class, () -> DerValue.of(bytes));
  }

  @Test
  void refusesIntegersThatAreNotInTheirShortestForm() throws DerException {
    DerValue padded = DerValue.of(HexFormat.of().parseHex("02020001"));
    assertThrows(DerException.class, padded::integer);
    assertThrows(DerException.class, () -> DerValue.of(Der.integer(256)).integerUpTo(255));
    assertThrows(DerException.class, () -> DerValue.of(Der.integer(-1)).integerUpTo(255));
  }

  @Test
  void whateverItReadsIsDerForOthersToo() {
    Random random = new Random(SEED);
    byte[] good = Der.sequence(Der.integer(5), Der.octets(new byte[200]), Der.text("text"));
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = good.clone();
      changed[random.nextInt(8)] = (byte) random.nextInt();
      try {
        DerValue value = DerValue.of(changed);
        assertArrayEquals(changed, value.encoded());
        value.elements(Der.SEQUENCE, 3).getFirst().integer();
        byte[] again = ASN1Primitive.fromByteArray(changed).getEncoded("DER");
        assertEquals(true, Arrays.equals(again, changed), () -> HexFormat.of().formatHex(changed));
      } catch (IOException _) {
        // Refused, by one or the other.
      }
    }
  }
}
