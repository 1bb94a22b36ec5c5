package org.cocoon.link.evidence;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * What a platform's certificate says of the platform: the SGX extension of a PCK certificate.
 *
 * <p>From Intel's "SGX PCK Certificate and Certificate Revocation List Profile Specification",
 * 1.3.5. PPID, the identifier of the one machine, is left out (and written as zeros), and CPUSVN,
 * which says the components once more, is written and not read.
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

  private static final String PPID = OID + ".1";
  private static final String TCB = OID + ".2";
  private static final String PCE_SVN = TCB + ".17";
  private static final String CPU_SVN = TCB + ".18";
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
      Map<String, DerValue> fields = fields(DerValue.of(der));
      Map<String, DerValue> tcb = fields(field(fields, TCB));
      List<Integer> svns = new ArrayList<>(COMPONENTS);
      for (int i = 1; i <= COMPONENTS; i++) {
        svns.add(field(tcb, TCB + "." + i).integerUpTo(0xff));
      }
      return new PckExtension(
          svns,
          field(tcb, PCE_SVN).integerUpTo(0xffff),
          octets(field(fields, PCE_ID), 2),
          octets(field(fields, FMSPC), 6));
    } catch (DerException e) {
      throw new EvidenceRefusedException(
          Verdict.Reason.PLATFORM_EXTENSION,
          "the platform certificate's SGX extension: " + e.getMessage());
    }
  }

  /** The extension's value, as Intel's certificates have it. */
  public byte[] toDer() {
    byte[][] tcb = new byte[COMPONENTS + 2][];
    for (int i = 0; i < COMPONENTS; i++) {
      tcb[i] = pair(TCB + "." + (i + 1), Der.integer(componentSvns.get(i)));
    }
    tcb[COMPONENTS] = pair(PCE_SVN, Der.integer(pceSvn));
    tcb[COMPONENTS + 1] = pair(CPU_SVN, Der.octets(cpuSvn()));
    return Der.sequence(
        pair(PPID, Der.octets(new byte[16])),
        pair(TCB, Der.sequence(tcb)),
        pair(PCE_ID, Der.octets(HexFormat.of().parseHex(pceId))),
        pair(FMSPC, Der.octets(HexFormat.of().parseHex(fmspc))));
  }

  private byte[] cpuSvn() {
    byte[] bytes = new byte[COMPONENTS];
    for (int i = 0; i < COMPONENTS; i++) {
      bytes[i] = (byte) (int) componentSvns.get(i);
    }
    return bytes;
  }

  private static byte[] pair(String oid, byte[] value) {
    return Der.sequence(Der.oid(oid), value);
  }

  /** Pairs of name and value, by the name's encoding in hexadecimal. */
  private static Map<String, DerValue> fields(DerValue sequence) throws DerException {
    Map<String, DerValue> fields = new HashMap<>();
    for (DerValue element : sequence.elements(Der.SEQUENCE)) {
      List<DerValue> pair = element.elements(Der.SEQUENCE, 2);
      String oid = HexFormat.of().formatHex(pair.getFirst().encoded());
      if (fields.put(oid, pair.getLast()) != null) {
        throw new DerException("a field is there twice");
      }
    }
    return fields;
  }

  private static DerValue field(Map<String, DerValue> fields, String oid) throws DerException {
    DerValue value = fields.get(HexFormat.of().formatHex(Der.oid(oid)));
    if (value == null) {
      throw new DerException("field " + oid + " is missing");
    }
    return value;
  }

  private static String octets(DerValue value, int length) throws DerException {
    byte[] octets = value.expect(Der.OCTET_STRING);
    if (octets.length != length) {
      throw new DerException("a field has not " + length + " bytes");
    }
    return HexFormat.of().formatHex(octets);
  }
}
