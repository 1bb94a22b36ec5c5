package org.cocoon.client;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;

/**
 * A verdict for people and for scripts.
 *
 * @param verdict what came of the check
 * @param tcb what Intel says of the platform, also where the policy refuses just that
 * @param quote what was checked, if it could be read
 * @param when the time that it was checked for
 * @param withPolicy whether the person's own policy was applied
 */
record VerdictReport(
    Verdict verdict,
    Optional<PlatformTcb.Checked> tcb,
    Optional<TdxQuote.Parsed> quote,
    Instant when,
    boolean withPolicy) {
  private static final SortedSet<String> NONE = Collections.emptySortedSet();

  /** What a verdict says of the platform, if it says anything. */
  static Optional<PlatformTcb.Checked> tcbOf(Verdict verdict) {
    return verdict instanceof Verdict.Trusted trusted
            && trusted.tcb() instanceof PlatformTcb.Checked checked
        ? Optional.of(checked)
        : Optional.empty();
  }

  /** One JSON object; what is not known is null. */
  String toJson() {
    return Json.render(
        out -> {
          out.useDefaultPrettyPrinter();
          out.writeStartObject();
          writeVerdict(out);
          writeTcb(out);
          out.writeStringField("checkedAt", when.toString());
          out.writeFieldName("measurements");
          if (quote.isPresent()) {
            write(out, quote.get().measurements());
          } else {
            out.writeNull();
          }
          out.writeStringField(
              "imageHash", quote.map(q -> q.measurements().imageHash()).orElse(null));
          out.writeEndObject();
        });
  }

  private void writeVerdict(JsonGenerator out) throws IOException {
    switch (verdict) {
      case Verdict.Trusted trusted -> {
        out.writeStringField("verdict", "Trusted");
        out.writeNullField("reason");
        out.writeNullField("detail");
        out.writeBooleanField("simulated", trusted.simulated());
        out.writeStringField("validUntil", trusted.notAfter().toString());
      }
      case Verdict.Rejected rejected -> {
        out.writeStringField("verdict", "Rejected");
        out.writeStringField("reason", rejected.reason().name());
        out.writeStringField("detail", rejected.detail());
      }
    }
  }

  private void writeTcb(JsonGenerator out) throws IOException {
    out.writeStringField("tcbStatus", tcbStatus().orElse(null));
    out.writeArrayFieldStart("advisories");
    for (String advisory : tcb.map(PlatformTcb.Checked::advisories).orElse(NONE)) {
      out.writeString(advisory);
    }
    out.writeEndArray();
    if (tcb.isPresent()) {
      out.writeStringField("tcbDate", tcb.get().tcbDate().toString());
      out.writeNumberField("tcbEvaluationDataNumber", tcb.get().tcbInfoNumber());
    }
  }

  private Optional<String> tcbStatus() {
    boolean revoked =
        verdict instanceof Verdict.Rejected(Verdict.Reason reason, String _)
            && reason == Verdict.Reason.TCB_REVOKED;
    return revoked
        ? Optional.of(TcbStatus.REVOKED.word())
        : tcb.map(checked -> checked.status().word());
  }

  private static void write(JsonGenerator out, Measurements measurements) throws IOException {
    out.writeStartObject();
    for (Map.Entry<String, String> field : fields(measurements).entrySet()) {
      out.writeStringField(field.getKey(), field.getValue());
    }
    out.writeEndObject();
  }

  /** All registers in hexadecimal, bit fields too in the order of their bytes in the quote. */
  private static Map<String, String> fields(Measurements body) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("teeTcbSvn", body.teeTcbSvn());
    fields.put("mrSeam", body.mrSeam());
    fields.put("mrSignerSeam", body.mrSignerSeam());
    fields.put("seamAttributes", bytes(body.seamAttributes()));
    fields.put("tdAttributes", bytes(body.tdAttributes()));
    fields.put("xfam", bytes(body.xfam()));
    fields.put("mrTd", body.mrTd());
    fields.put("mrConfigId", body.mrConfigId());
    fields.put("mrOwner", body.mrOwner());
    fields.put("mrOwnerConfig", body.mrOwnerConfig());
    fields.put("rtmr0", body.rtmr0());
    fields.put("rtmr1", body.rtmr1());
    fields.put("rtmr2", body.rtmr2());
    fields.put("rtmr3", body.rtmr3());
    fields.put("reportData", body.reportData());
    fields.put("teeTcbSvn2", body.teeTcbSvn2());
    fields.put("mrServiceTd", body.mrServiceTd());
    return fields;
  }

  private static String bytes(long bits) {
    return HexFormat.of()
        .formatHex(
            ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(bits).array());
  }

  /** A page for people. */
  String toPage(Terminal terminal) {
    FieldPage page = new FieldPage(terminal);
    switch (verdict) {
      case Verdict.Trusted trusted ->
          page.heading(
                  "TRUSTED"
                      + (trusted.simulated() ? ": a SIMULATED TEE, which protects nothing" : ""))
              .field("holds until", trusted.notAfter());
      case Verdict.Rejected rejected ->
          page.heading("REJECTED: " + rejected.reason()).field("why", rejected.detail());
    }
    page.field("checked for", when);
    if (verdict instanceof Verdict.Trusted || tcbStatus().isPresent()) {
      page.field("platform", tcbStatus().orElse("NOT checked"));
    }
    tcb.ifPresent(
        checked ->
            page.lines("advisories", List.copyOf(checked.advisories()))
                .field("level of", checked.tcbDate())
                .field("evaluation number", checked.tcbInfoNumber()));
    quote.ifPresent(
        q -> {
          page.heading("What the quote says");
          fields(q.measurements()).forEach((name, value) -> page.hex(name, value, ""));
          page.hex("image hash", q.measurements().imageHash(), "");
        });
    if (verdict instanceof Verdict.Trusted) {
      page.sentence(
          "NOT checked: for whose key the report data is"
              + (withPolicy ? "." : ", and whether you want this image: give --policy for that."));
    }
    return page.render();
  }
}
