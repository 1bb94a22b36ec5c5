package org.cocoon.link.evidence;

import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/**
 * What Intel says of its quoting enclave for TDX: the object "enclaveIdentity" of its API, version
 * 4.
 *
 * @param issueDate when it was made
 * @param nextUpdate when it ends
 * @param evaluationNumber grows with each TCB recovery
 * @param miscSelect the bits that the enclave must have, 4 bytes in the order of the report
 * @param miscSelectMask which of them count
 * @param attributes the bits that the enclave must have, 16 bytes in the order of the report
 * @param attributesMask which of them count
 * @param mrSigner who signed the enclave, 64 lower-case hexadecimal digits
 * @param isvProdId which of the signer's enclaves it is
 * @param levels highest first, of one version each
 */
record QeIdentity(
    Instant issueDate,
    Instant nextUpdate,
    int evaluationNumber,
    byte[] miscSelect,
    byte[] miscSelectMask,
    byte[] attributes,
    byte[] attributesMask,
    String mrSigner,
    int isvProdId,
    List<TcbLevel> levels) {
  static final int MISC_SELECT_BYTES = 4;
  static final int ATTRIBUTES_BYTES = 16;
  static final int MR_SIGNER_BYTES = 32;

  private static final int VERSION = 2;
  private static final int MOST = 0xffff;

  /** Reads the signed text. */
  static QeIdentity parse(String text) throws EvidenceRefusedException {
    try {
      JsonObject json = Json.parse(text);
      requireKind(json);
      return new QeIdentity(
          SignedJson.time(json, "issueDate"),
          SignedJson.time(json, "nextUpdate"),
          SignedJson.evaluationNumber(json),
          SignedJson.bytes(json, "miscselect", MISC_SELECT_BYTES),
          SignedJson.bytes(json, "miscselectMask", MISC_SELECT_BYTES),
          SignedJson.bytes(json, "attributes", ATTRIBUTES_BYTES),
          SignedJson.bytes(json, "attributesMask", ATTRIBUTES_BYTES),
          HexFormat.of().formatHex(SignedJson.bytes(json, "mrsigner", MR_SIGNER_BYTES)),
          (int) json.whole("isvprodid", 0, MOST),
          SignedJson.levels(json, tcb -> List.of(SignedJson.svn(tcb, "isvsvn"))));
    } catch (JsonException e) {
      throw new EvidenceRefusedException(
          Verdict.Reason.MALFORMED_COLLATERAL, "the quoting enclave's identity: " + e.reason());
    }
  }

  /**
   * The first level that the enclave reaches, once it is shown to be this enclave.
   *
   * @throws EvidenceRefusedException if it is another one, or older than any level
   */
  TcbLevel levelOf(QeReport report) throws EvidenceRefusedException {
    if (report.isDebug()) {
      throw mismatch("attributes have DEBUG set");
    }
    if (!matches(report.miscSelect(), miscSelectMask, miscSelect)) {
      throw mismatch("MISCSELECT is another");
    }
    if (!matches(report.attributes(), attributesMask, attributes)) {
      throw mismatch("attributes are others");
    }
    if (!report.mrSigner().equals(mrSigner)) {
      throw mismatch("MRSIGNER is " + report.mrSigner() + ", not " + mrSigner);
    }
    if (report.isvProdId() != isvProdId) {
      throw mismatch("ISVPRODID is " + report.isvProdId() + ", not " + isvProdId);
    }
    for (TcbLevel level : levels) {
      if (level.isReachedBy(List.of(report.isvSvn()))) {
        return level;
      }
    }
    throw new EvidenceRefusedException(
        Verdict.Reason.QE_LEVEL_NONE,
        "the quoting enclave's ISVSVN " + report.isvSvn() + " is below every level");
  }

  private static void requireKind(JsonObject json) throws JsonException, EvidenceRefusedException {
    String id = json.text("id");
    long version = json.whole("version", 0, MOST);
    if (!id.equals("TD_QE") || version != VERSION) {
      throw new EvidenceRefusedException(
          Verdict.Reason.QE_IDENTITY_KIND,
          "the identity is of " + id + ", version " + version + "; it must be TD_QE, 2");
    }
  }

  private static boolean matches(byte[] actual, byte[] mask, byte[] expected) {
    for (int i = 0; i < mask.length; i++) {
      if ((actual[i] & mask[i]) != expected[i]) {
        return false;
      }
    }
    return true;
  }

  private static EvidenceRefusedException mismatch(String detail) {
    return new EvidenceRefusedException(
        Verdict.Reason.QE_IDENTITY_MISMATCH, "the quoting enclave's " + detail);
  }
}
