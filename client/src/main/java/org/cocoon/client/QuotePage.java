package org.cocoon.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.TdxQuote;

/** Every field of a TDX quote, in the order of its bytes. */
final class QuotePage {
  private static final int TD_15_BODY = 3;
  private static final List<String> XFAM =
      List.of(
          "x87",
          "SSE",
          "AVX",
          "",
          "",
          "AVX-512 masks",
          "AVX-512 high halves",
          "AVX-512 registers",
          "PT",
          "PKU",
          "",
          "CET user",
          "CET supervisor",
          "",
          "ULI",
          "LBR",
          "",
          "AMX configuration",
          "AMX tiles");

  private final FieldPage page;

  QuotePage(FieldPage page) {
    this.page = page;
  }

  void write(TdxQuote.Parsed quote, int givenBytes) {
    int rest = givenBytes - quote.length();
    page.heading("TDX quote, version " + quote.version())
        .field("length", quote.length() + " bytes")
        .field("after its end", rest == 0 ? "nothing" : rest + " bytes, no part of it");
    header(quote);
    body(quote.measurements());
    signatures(quote);
    new CertificatePage(page).chain("Platform's certificates", quote.certificateChain());
  }

  private void header(TdxQuote.Parsed quote) {
    ByteBuffer bytes = ByteBuffer.wrap(quote.signedBytes()).order(ByteOrder.LITTLE_ENDIAN);
    page.heading("Header, 48 bytes")
        .field("attestation key", bytes.getShort(2), "ECDSA over P-256")
        .field("TEE type", "0x" + Integer.toHexString(bytes.getInt(4)), "TDX")
        .hex("vendor", slice(quote.signedBytes(), 12, 28), "Intel")
        .hex("user data", slice(quote.signedBytes(), 28, 48), "of the quoting enclave");
    if (quote.version() == 5) {
      int type = bytes.getShort(48);
      page.field("body type", type, type == TD_15_BODY ? "TD 1.5" : "TD 1.0")
          .field("body length", bytes.getInt(50) + " bytes");
    }
  }

  private void body(Measurements body) {
    page.heading("Trust domain")
        .hex("teeTcbSvn", body.teeTcbSvn(), "security versions of the TDX module and its parts")
        .hex("mrSeam", body.mrSeam(), "the TDX module")
        .hex("mrSignerSeam", body.mrSignerSeam(), "who signed it; zero for Intel")
        .field(
            "seamAttributes",
            number(body.seamAttributes()),
            names(body.seamAttributes(), List.of()))
        .field(
            "tdAttributes",
            number(body.tdAttributes()),
            names(body.tdAttributes(), attributeNames()))
        .field("xfam", number(body.xfam()), names(body.xfam(), XFAM))
        .hex("mrTd", body.mrTd(), "the first memory: firmware")
        .hex("mrConfigId", body.mrConfigId(), configuration(body.configText()))
        .hex("mrOwner", body.mrOwner(), "who owns the domain")
        .hex("mrOwnerConfig", body.mrOwnerConfig(), "the owner's configuration")
        .hex("rtmr0", body.rtmr0(), "firmware's configuration")
        .hex("rtmr1", body.rtmr1(), "boot loader and kernel")
        .hex("rtmr2", body.rtmr2(), "kernel's command line and initial disk")
        .hex("rtmr3", body.rtmr3(), "what the running system adds")
        .hex("reportData", body.reportData(), "what the domain had signed: a key's hash")
        .hex("teeTcbSvn2", body.teeTcbSvn2(), "versions at present; zero in a TD 1.0 body")
        .hex("mrServiceTd", body.mrServiceTd(), "bound service domains; zero in a TD 1.0 body")
        .hex("image hash", body.imageHash(), "of mrTd to rtmr3, as a policy names it");
  }

  private void signatures(TdxQuote.Parsed quote) {
    page.heading("Signatures, ECDSA over P-256: r and s, big-endian")
        .hex("quote signature", quote.signature(), "by the attestation key, over header and body")
        .hex("attestation key", quote.attestationKey(), "point x and y")
        .hex("report signature", quote.qeSignature(), "by the platform, over the enclave's report")
        .hex("auth data", quote.authData(), quote.authData().length + " bytes");
    byte[] report = quote.qeReport();
    ByteBuffer numbers = ByteBuffer.wrap(report).order(ByteOrder.LITTLE_ENDIAN);
    page.heading("Quoting enclave's report, 384 bytes")
        .hex("cpuSvn", slice(report, 0, 16), "")
        .field("miscSelect", "0x%08x".formatted(numbers.getInt(16)))
        .hex("attributes", slice(report, 48, 64), "")
        .hex("mrEnclave", slice(report, 64, 96), "")
        .hex("mrSigner", slice(report, 128, 160), "")
        .field("isvProdId", Short.toUnsignedInt(numbers.getShort(256)))
        .field("isvSvn", Short.toUnsignedInt(numbers.getShort(258)))
        .hex("reportData", slice(report, 320, 384), "SHA-256 of attestation key and auth data");
  }

  private static String configuration(String text) {
    return text.isEmpty() ? "the configuration, by the machine's owner" : "\"" + text + "\"";
  }

  private static List<String> attributeNames() {
    String[] names = new String[64];
    Arrays.fill(names, "");
    names[0] = "DEBUG";
    names[27] = "LASS";
    names[28] = "SEPT_VE_DISABLE";
    names[29] = "MIGRATABLE";
    names[30] = "PKS";
    names[31] = "KL";
    names[62] = "TPA";
    names[63] = "PERFMON";
    return List.of(names);
  }

  private static String number(long bits) {
    return "0x" + HexFormat.of().toHexDigits(bits);
  }

  /** Each bit by its name, or by its place where it has none. */
  private static String names(long bits, List<String> names) {
    List<String> set = new ArrayList<>();
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if ((bits >>> bit & 1) != 0) {
        String name = bit < names.size() ? names.get(bit) : "";
        set.add(name.isEmpty() ? "bit " + bit : name);
      }
    }
    return String.join(", ", set);
  }

  private static byte[] slice(byte[] bytes, int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }
}
