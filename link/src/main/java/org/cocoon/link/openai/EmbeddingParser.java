package org.cocoon.link.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.link.wire.Embed;
import org.cocoon.link.wire.Run;

/** Reads bodies of /v1/embeddings as OpenAI has them. */
public final class EmbeddingParser {
  /** Texts of one request. */
  public static final int MAX_INPUTS = 128;

  private static final String SHAPE =
      "a string, an array of token ids, or an array of 1 to %d of either".formatted(MAX_INPUTS);

  private final boolean strict;

  /**
   * Makes a parser.
   *
   * @param strict whether fields that it does not know are refused
   */
  public EmbeddingParser(boolean strict) {
    this.strict = strict;
  }

  /**
   * What a body asks for.
   *
   * @param request as for any other answer; what there is about generating says nothing
   * @param base64 whether vectors are wanted as base64 of float32, little-endian, else as numbers
   */
  public record Parsed(ParsedRequest request, boolean base64) {}

  /**
   * Reads a body.
   *
   * @throws BadRequestException naming the field that is wrong
   */
  public Parsed parse(Fields fields) {
    if (fields.node("sealed") != null) {
      throw fields.wrong("sealed", "left out: embeddings cannot be sealed yet");
    }
    String model = fields.string("model", 256);
    if (model == null || model.isEmpty()) {
      throw fields.wrong("model", "the name of a model (GET /v1/models lists them)");
    }
    Embed embed = inputs(fields);
    int bytes = 0;
    for (Embed.Input input : embed.getInputsList()) {
      bytes += input.hasText() ? input.getTextBytes().size() : input.getIds().getIdsCount();
    }
    String format = fields.string("encoding_format", 16);
    if (format != null && !format.equals("float") && !format.equals("base64")) {
      throw fields.wrong("encoding_format", "float or base64");
    }
    if (fields.node("dimensions") != null) {
      throw fields.wrong("dimensions", "left out: vectors of these models cannot be shortened");
    }
    fields.string("user", 512);
    RequestParser.Terms terms = RequestParser.Terms.read(fields);
    if (strict) {
      fields.refuseUnread();
    }
    ParsedRequest request =
        new ParsedRequest(
            Run.newBuilder().setModel(model).setEmbed(embed).build(),
            false,
            bytes,
            embed.getInputsCount(),
            0,
            terms.maxCoefficient(),
            terms.timeoutMillis(),
            terms.priority(),
            false,
            false,
            false,
            1);
    return new Parsed(request, "base64".equals(format));
  }

  private static Embed inputs(Fields fields) {
    JsonNode input = fields.node("input");
    boolean isList = input != null && input.isArray() && !input.isEmpty();
    if (input == null || !(input.isTextual() || isList)) {
      throw fields.wrong("input", SHAPE);
    }
    List<JsonNode> texts = new ArrayList<>();
    if (input.isTextual() || input.get(0).isNumber()) {
      texts.add(input);
    } else {
      input.forEach(texts::add);
    }
    if (texts.size() > MAX_INPUTS) {
      throw fields.wrong("input", SHAPE);
    }
    Embed.Builder embed = Embed.newBuilder();
    for (int i = 0; i < texts.size(); i++) {
      embed.addInputs(input(fields, texts.get(i), i));
    }
    return embed.build();
  }

  private static Embed.Input input(Fields fields, JsonNode node, int index) {
    Embed.Input.Builder input = Embed.Input.newBuilder();
    if (node.isTextual()) {
      String text = RequestParser.wellFormed(fields, "input", node.textValue());
      if (text.isEmpty()) {
        throw fields.wrong("input", "without empty strings (%d is one)".formatted(index));
      }
      return input.setTextBytes(ByteString.copyFromUtf8(text)).build();
    }
    if (!node.isArray() || node.isEmpty()) {
      throw fields.wrong("input", SHAPE);
    }
    Embed.Ids.Builder ids = Embed.Ids.newBuilder();
    for (JsonNode id : node) {
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
        throw fields.wrong("input", SHAPE);
      }
      ids.addIds(id.intValue());
    }
    return input.setIds(ids).build();
  }
}
