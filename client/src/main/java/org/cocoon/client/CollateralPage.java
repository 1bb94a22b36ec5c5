package org.cocoon.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.Collateral;

/** What Intel publishes about a platform, and until when it holds. */
final class CollateralPage {
  private static final int MOST_REVOKED = 16;

  private final FieldPage page;

  CollateralPage(FieldPage page) {
    this.page = page;
  }

  void write(Collateral collateral) throws IOException {
    Json tcb = parse(collateral.tcbInfo());
    head("TCB info", tcb)
        .field("FMSPC", tcb.at("fmspc").text("missing"))
        .field("PCEID", tcb.at("pceId").text("missing"))
        .hex("signature", collateral.tcbInfoSignature(), "over the text as it stands");
    module("TDX module", tcb.at("tdxModule"));
    for (Json identity : tcb.at("tdxModuleIdentities").items()) {
      module(identity.at("id").text("TDX module"), identity);
      levels(identity);
    }
    page.heading("TCB levels, the first that a platform reaches counts");
    levels(tcb);
    Json qe = parse(collateral.qeIdentity());
    head("Identity of the quoting enclave", qe)
        .field("mrSigner", qe.at("mrsigner").text("missing"))
        .field("isvProdId", qe.at("isvprodid").text("missing"))
        .field("attributes", masked(qe, "attributes"))
        .field("miscSelect", masked(qe, "miscselect"))
        .hex("signature", collateral.qeIdentitySignature(), "over the text as it stands");
    levels(qe);
    list("PCK revocation list", collateral.pckCrl());
    list("Root's revocation list", collateral.rootCaCrl());
    CertificatePage certificates = new CertificatePage(page);
    certificates.chain("Signer of the TCB info", collateral.tcbInfoIssuerChain().getBytes(UTF_8));
    certificates.chain(
        "Signer of the enclave's identity", collateral.qeIdentityIssuerChain().getBytes(UTF_8));
    certificates.chain("Signer of the PCK list", collateral.pckCrlIssuerChain().getBytes(UTF_8));
  }

  private FieldPage head(String title, Json json) {
    return page.heading(title)
        .field("id", json.at("id").text("missing"))
        .field("version", json.at("version").text("missing"))
        .field("issued", json.at("issueDate").text("missing"))
        .field("ends", json.at("nextUpdate").text("missing"))
        .field("evaluation number", json.at("tcbEvaluationDataNumber").text("missing"));
  }

  private void module(String title, Json module) {
    page.heading(title)
        .hex("mrSigner", module.at("mrsigner").text(""), "who signed it; zero for Intel")
        .field("attributes", masked(module, "attributes"));
  }

  private static String masked(Json json, String name) {
    return json.at(name).text("missing") + " under mask " + json.at(name + "Mask").text("missing");
  }

  private void levels(Json json) {
    for (Json level : json.at("tcbLevels").items()) {
      List<String> lines = new ArrayList<>();
      Json tcb = level.at("tcb");
      if (tcb.at("isvsvn").isNumber()) {
        lines.add("from ISVSVN " + tcb.at("isvsvn").text(""));
      } else {
        lines.add(
            "SGX " + svns(tcb.at("sgxtcbcomponents")) + ", PCE " + tcb.at("pcesvn").text("?"));
        lines.add("TDX " + svns(tcb.at("tdxtcbcomponents")));
      }
      lines.add("as of " + level.at("tcbDate").text("no date"));
      List<String> advisories =
          level.at("advisoryIDs").items().stream().map(id -> id.text("?")).toList();
      if (!advisories.isEmpty()) {
        lines.add(String.join(" ", advisories));
      }
      page.lines(level.at("tcbStatus").text("no status"), lines);
    }
  }

  private static String svns(Json components) {
    return components.items().stream()
        .map(component -> component.at("svn").text("?"))
        .collect(Collectors.joining(" "));
  }

  private void list(String title, byte[] der) {
    page.heading(title).field("length", der.length + " bytes");
    try {
      X509CRL crl =
          (X509CRL)
              CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
      Set<? extends X509CRLEntry> revoked = crl.getRevokedCertificates();
      int count = revoked == null ? 0 : revoked.size();
      page.field("issuer", crl.getIssuerX500Principal().getName())
          .field("issued", crl.getThisUpdate().toInstant())
          .field("ends", crl.getNextUpdate() == null ? "never" : crl.getNextUpdate().toInstant())
          .field("revoked", count + (count > MOST_REVOKED ? ", the first are:" : ""));
      if (revoked != null) {
        page.lines(
            "serials",
            revoked.stream()
                .limit(MOST_REVOKED)
                .map(entry -> entry.getSerialNumber().toString(16))
                .sorted()
                .toList());
      }
    } catch (CRLException | CertificateException e) {
      page.field("unreadable", String.valueOf(e.getMessage()));
    }
  }

  private static Json parse(String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    return Json.parse(bytes, bytes.length);
  }
}
