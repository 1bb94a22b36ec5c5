package org.cocoon.link.evidence;

import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;

/**
 * What a platform's certificate says of the platform: the SGX extension of a PCK certificate.
 *
 * <p>From Intel's "SGX PCK Certificate and Certificate Revocation List Profile Specification",
 * 1.3.5. The identifier of the single processor package (PPID) is left out on purpose.
 *
 * @param componentSvns security versions of the 16 TCB components, 0 to 255 each
 * @param pceSvn security version of the provisioning enclave, 0 to 65,535
 * @param pceId which provisioning enclave, 4 hexadecimal digits
 * @param fmspc family, model, stepping, platform and custom SKU, 12 hexadecimal digits
 */
public record PckExtension(List<Integer> componentSvns, int pceSvn, String pceId, String fmspc) {
  /** The extension's object identifier. */
  public static final String OID = "1.2.840.113741.1.13.1";

  /** Number of TCB components. */
  public static final int COMPONENTS = 16;

  private static final String TCB = OID + ".2";
  private static final String PCE_ID = OID + ".3";
  private static final String FMSPC = OID + ".4";

  /** Checks counts, ranges and lengths. */
  public PckExtension {
    componentSvns = List.copyOf(componentSvns);
    if (componentSvns.size() != COMPONENTS
        || componentSvns.stream().anyMatch(svn -> svn < 0 || svn > 0xff)) {
      throw new IllegalArgumentException("there must be 16 components, each 0 to 255");
    }
    if (pceSvn < 0 || pceSvn > 0xffff || pceId.length() != 4 || fmspc.length() != 12) {
      throw new IllegalArgumentException("pceSvn, pceId or fmspc is out of its range");
    }
  }

  /** Reads the extension's value: DER, without the OCTET STRING around it. */
  static PckExtension parse(byte[] der) throws EvidenceRefusedException {
    try {
      ASN1Primitive whole = ASN1Primitive.fromByteArray(der);
      if (!Arrays.equals(whole.getEncoded("DER"), der)) {
        throw refused("it is not DER");
      }
      Map<String, ASN1Encodable> fields = fields(whole);
      Map<String, ASN1Encodable> tcb = fields(field(fields, TCB));
      List<Integer> svns =
          IntStream.rangeClosed(1, COMPONENTS)
              .mapToObj(i -> integer(field(tcb, TCB + "." + i), 0xff))
              .toList();
      return new PckExtension(
          svns,
          integer(field(tcb, TCB + ".17"), 0xffff),
          octets(field(fields, PCE_ID), 2),
          octets(field(fields, FMSPC), 6));
    } catch (IOException | IllegalArgumentException | IllegalStateException e) {
      throw refused(String.valueOf(e.getMessage()));
    }
  }

  private static Map<String, ASN1Encodable> fields(ASN1Encodable sequence) {
    Map<String, ASN1Encodable> fields = new HashMap<>();
    for (ASN1Encodable element : ASN1Sequence.getInstance(sequence)) {
      ASN1Sequence pair = ASN1Sequence.getInstance(element);
      if (pair.size() != 2) {
        throw new IllegalArgumentException("a field is not a pair of name and value");
      }
      String oid = ASN1ObjectIdentifier.getInstance(pair.getObjectAt(0)).getId();
      if (fields.put(oid, pair.getObjectAt(1)) != null) {
        throw new IllegalArgumentException("field " + oid + " is there twice");
      }
    }
    return fields;
  }

  private static ASN1Encodable field(Map<String, ASN1Encodable> fields, String oid) {
    ASN1Encodable value = fields.get(oid);
    if (value == null) {
      throw new IllegalArgumentException("field " + oid + " is missing");
    }
    return value;
  }

  private static int integer(ASN1Encodable value, int highest) {
    BigInteger integer = ASN1Integer.getInstance(value).getValue();
    if (integer.signum() < 0 || integer.compareTo(BigInteger.valueOf(highest)) > 0) {
      throw new IllegalArgumentException("a version is not in 0 to " + highest);
    }
    return integer.intValue();
  }

  private static String octets(ASN1Encodable value, int length) {
    byte[] octets = ASN1OctetString.getInstance(value).getOctets();
    if (octets.length != length) {
      throw new IllegalArgumentException("a field has not " + length + " bytes");
    }
    return HexFormat.of().formatHex(octets);
  }

  private static EvidenceRefusedException refused(String detail) {
    return new EvidenceRefusedException(
        Verdict.Reason.PLATFORM_EXTENSION, "the platform certificate's SGX extension: " + detail);
  }
}
