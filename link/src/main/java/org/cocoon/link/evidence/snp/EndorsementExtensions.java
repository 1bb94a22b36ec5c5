package org.cocoon.link.evidence.snp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.jspecify.annotations.Nullable;

/**
 * What an endorsement key's certificate says of its platform: AMD's extensions 1.3.6.1.4.1.3704.1.*
 * (57230, 3.1).
 *
 * @param product the product line
 * @param tcb the version that the key was made for
 * @param chipId hexadecimal, 16 digits on Turin and 128 elsewhere; empty for a VLEK
 * @param provider the cloud provider of a VLEK
 */
record EndorsementExtensions(
    Product product, TcbVersion tcb, Optional<String> chipId, Optional<String> provider) {
  static final String OID = "1.3.6.1.4.1.3704.1.";
  static final String STRUCTURE_VERSION = OID + 1;
  static final String PRODUCT_NAME = OID + 2;
  static final String BOOT_LOADER = OID + "3.1";
  static final String TEE = OID + "3.2";
  static final String SNP = OID + "3.3";
  static final String RESERVED_4 = OID + "3.4";
  static final String RESERVED_5 = OID + "3.5";
  static final String RESERVED_6 = OID + "3.6";
  static final String RESERVED_7 = OID + "3.7";
  static final String MICROCODE = OID + "3.8";
  static final String FMC = OID + "3.9";
  static final String CHIP_ID = OID + 4;
  static final String PROVIDER = OID + 5;

  private static final int IA5_STRING = 0x16;
  private static final int CHIP_ID_BYTES = 64;
  private static final int TURIN_CHIP_ID_BYTES = 8;

  /** Reads the extensions of a certificate (DER). */
  static EndorsementExtensions parse(byte[] certificate) throws DerException {
    Map<String, byte[]> values = new HashMap<>();
    for (EcdsaCertificate.Extension extension : EcdsaCertificate.extensions(certificate)) {
      if (values.put(HexFormat.of().formatHex(extension.oid()), extension.value()) != null) {
        throw new DerException("an extension is there twice");
      }
    }
    number(values, STRUCTURE_VERSION);
    String name = new String(required(values, PRODUCT_NAME).expect(IA5_STRING), US_ASCII);
    Product product =
        Product.ofName(name)
            .orElseThrow(() -> new DerException("the product '" + name + "' is unknown"));
    for (String reserved : new String[] {RESERVED_4, RESERVED_5, RESERVED_6, RESERVED_7}) {
      if (value(values, reserved) != null && number(values, reserved) != 0) {
        throw new DerException(reserved + " is reserved and not zero");
      }
    }
    TcbVersion tcb =
        new TcbVersion(
            product == Product.TURIN ? number(values, FMC) : 0,
            number(values, BOOT_LOADER),
            number(values, TEE),
            number(values, SNP),
            number(values, MICROCODE));
    byte[] provider = value(values, PROVIDER);
    return new EndorsementExtensions(
        product,
        tcb,
        chipId(values, product),
        provider == null
            ? Optional.empty()
            : Optional.of(new String(DerValue.of(provider).expect(IA5_STRING), US_ASCII)));
  }

  /** Whether a report's chip id, 128 hexadecimal digits, is this certificate's. */
  boolean isChip(String reported) {
    return chipId.map(id -> (id + "0".repeat(128 - id.length())).equals(reported)).orElse(false);
  }

  /** AMD leaves the OCTET STRING around the identifier away; both forms are read. */
  private static Optional<String> chipId(Map<String, byte[]> values, Product product)
      throws DerException {
    byte[] value = value(values, CHIP_ID);
    if (value == null) {
      return Optional.empty();
    }
    int length = product == Product.TURIN ? TURIN_CHIP_ID_BYTES : CHIP_ID_BYTES;
    byte[] id = value.length == length ? value : DerValue.of(value).expect(Der.OCTET_STRING);
    if (id.length != length || Arrays.equals(id, new byte[length])) {
      throw new DerException("the chip id is not " + length + " bytes, or is zero");
    }
    return Optional.of(HexFormat.of().formatHex(id));
  }

  private static int number(Map<String, byte[]> values, String oid) throws DerException {
    try {
      return required(values, oid).integerUpTo(0xff);
    } catch (DerException e) {
      throw new DerException(oid + ": " + e.getMessage());
    }
  }

  private static DerValue required(Map<String, byte[]> values, String oid) throws DerException {
    byte[] value = value(values, oid);
    if (value == null) {
      throw new DerException("extension " + oid + " is missing");
    }
    return DerValue.of(value);
  }

  private static byte @Nullable [] value(Map<String, byte[]> values, String oid) {
    return values.get(HexFormat.of().formatHex(Der.oid(oid)));
  }
}
