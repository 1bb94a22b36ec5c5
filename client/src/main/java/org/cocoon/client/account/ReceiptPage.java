package org.cocoon.client.account;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.cocoon.client.FieldPage;
import org.cocoon.client.Json;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.ReceiptVerdict;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.UsedTokens;

/** A receipt for people, and for programs. */
final class ReceiptPage {
  private static final double UNIT = Price.UNIT_COEFFICIENT;

  private ReceiptPage() {}

  /** Every field, under each other. */
  static String fields(Receipt receipt, Terminal terminal) {
    ReceiptTerms terms = receipt.terms();
    UsedTokens tokens = terms.tokens();
    Price price = terms.price();
    FieldPage page = new FieldPage(terminal).heading("Receipt");
    page.field("request", terms.requestId())
        .field("account", terms.accountId())
        .field("model", terms.model())
        .field("charged at", Instant.ofEpochMilli(terms.chargedAtMillis()));
    page.heading("Used")
        .field("prompt", tokens.prompt() + " tokens", tokens.cachedPrompt() + " of them cached")
        .field("answer", tokens.completion() + " tokens", tokens.reasoning() + " of them thoughts");
    page.heading("Price, in nanoTON per million tokens")
        .field("prompt", price.prompt())
        .field("cached prompt", price.cachedPrompt())
        .field("answer", price.completion())
        .field("thoughts", price.reasoning())
        .field("coefficient", terms.coefficient() / UNIT, "the worker's");
    page.heading("Paid").field("cost", terms.cost());
    page.heading("Signed");
    page.hex("router key", receipt.routerKey(), "Ed25519");
    if (terms.settlement() == null) {
      page.field("settled", "on no chain: on the books of the router's operator alone");
    } else {
      page.field("settled on network", terms.networkId()).field("by", terms.settlement());
    }
    page.field(
        "batch", "place %d, %d levels".formatted(receipt.index(), receipt.siblings().length / 32));
    return page.render();
  }

  /** What was used and paid, in one sentence. */
  static String sentence(Receipt receipt) {
    ReceiptTerms terms = receipt.terms();
    UsedTokens tokens = terms.tokens();
    return "On %s account %d paid %s for %d prompt tokens%s and %d tokens of an answer of %s, at a coefficient of %s."
        .formatted(
            Instant.ofEpochMilli(terms.chargedAtMillis()),
            terms.accountId(),
            terms.cost(),
            tokens.prompt(),
            tokens.cachedPrompt() == 0 ? "" : " (%d cached)".formatted(tokens.cachedPrompt()),
            tokens.completion(),
            Terminal.withoutControls(terms.model()).replace('\n', ' '),
            terms.coefficient() / UNIT);
  }

  /** The verdict for programs. */
  static String json(ReceiptVerdict verdict) {
    return Json.render(
        out -> {
          out.writeStartObject();
          switch (verdict) {
            case ReceiptVerdict.Refused(var reason, var sentence) -> {
              out.writeBooleanField("valid", false);
              out.writeStringField("reason", reason.name().toLowerCase(Locale.ROOT));
              out.writeStringField("message", sentence);
            }
            case ReceiptVerdict.Holds(Receipt receipt) -> {
              out.writeBooleanField("valid", true);
              write(out, receipt);
            }
          }
          out.writeEndObject();
        });
  }

  /** The receipt alone, unchecked, for programs. */
  static String json(Receipt receipt) {
    return Json.render(
        out -> {
          out.writeStartObject();
          write(out, receipt);
          out.writeEndObject();
        });
  }

  private static void write(JsonGenerator out, Receipt receipt) throws IOException {
    ReceiptTerms terms = receipt.terms();
    out.writeStringField("request_id", terms.requestId().toString());
    out.writeNumberField("account", terms.accountId());
    out.writeStringField("model", terms.model());
    out.writeNumberField("prompt_tokens", terms.tokens().prompt());
    out.writeNumberField("cached_prompt_tokens", terms.tokens().cachedPrompt());
    out.writeNumberField("completion_tokens", terms.tokens().completion());
    out.writeNumberField("reasoning_tokens", terms.tokens().reasoning());
    out.writeObjectFieldStart("price_nanoton_per_million");
    out.writeNumberField("prompt", terms.price().prompt());
    out.writeNumberField("cached_prompt", terms.price().cachedPrompt());
    out.writeNumberField("completion", terms.price().completion());
    out.writeNumberField("reasoning", terms.price().reasoning());
    out.writeEndObject();
    out.writeNumberField("coefficient", terms.coefficient());
    out.writeNumberField("cost_nanoton", terms.cost().nanos());
    out.writeNumberField("charged_at_millis", terms.chargedAtMillis());
    out.writeNumberField("network_id", terms.networkId());
    out.writeStringField(
        "settlement", terms.settlement() == null ? null : terms.settlement().toString());
    out.writeStringField("router_key", HexFormat.of().formatHex(receipt.routerKey()));
  }
}
