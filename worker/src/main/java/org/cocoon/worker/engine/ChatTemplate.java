package org.cocoon.worker.engine;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.loader.ResourceNotFoundException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model's chat template, in the dialect of Jinja that Hugging Face's transformers render: blocks
 * trimmed and stripped, {@code raise_exception}, {@code strftime_now}, Python's string methods.
 *
 * <p>The template comes with the model and is trusted as far as that; contents of messages are not,
 * and are never looked at as templates. A template cannot read files, nor reach Java beyond {@link
 * TemplateMembers}. The engine that renders it is loaded by the first rendering. One thread.
 */
final class ChatTemplate {
  private static final Logger log = LoggerFactory.getLogger(ChatTemplate.class);
  private static final int MAX_OUTPUT_CHARS = 16 << 20;
  private static final int MAX_REASON_CHARS = 300;

  private final String source;
  private final String beginText;
  private final String endText;
  private final InstantSource wallClock;
  private @Nullable Jinjava jinja;

  ChatTemplate(String source, String beginText, String endText, InstantSource wallClock) {
    this.source = source;
    this.beginText = beginText;
    this.endText = endText;
    this.wallClock = wallClock;
  }

  /** What a template made of a conversation. */
  sealed interface Rendered {
    /** The text that the model is to continue. */
    record Text(String text) implements Rendered {}

    /** It failed; a sentence for the caller. */
    record Failed(String reason) implements Rendered {}
  }

  /** Renders a conversation and the beginning of the assistant's answer. */
  Rendered render(List<Message> messages, TemplateArguments arguments, ToolText.Variables tools) {
    Map<String, @Nullable Object> variables = new HashMap<>(arguments.values());
    List<Map<String, Object>> maps = new ArrayList<>(messages.size());
    for (Message message : messages) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("role", message.role());
      map.put("content", message.content());
      Object calls = tools.calls().get(maps.size());
      if (calls != null) {
        map.put("tool_calls", calls);
      }
      maps.add(map);
    }
    if (tools.tools() != null) {
      variables.put("tools", tools.tools());
    }
    variables.put("messages", maps);
    variables.put("add_generation_prompt", true);
    variables.put("bos_token", beginText);
    variables.put("eos_token", endText);
    RenderResult result = jinja().renderForResult(source, variables);
    for (TemplateError error : result.getErrors()) {
      if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
        return new Rendered.Failed(reason(error));
      }
    }
    return new Rendered.Text(result.getOutput());
  }

  /** What the template itself raised is for the caller; other failures may quote the prompt. */
  private static String reason(TemplateError error) {
    for (Throwable cause = error.getException(); cause != null; cause = cause.getCause()) {
      if (cause instanceof TemplateFunctions.Raised raised) {
        String reason = raised.reason();
        return reason.substring(0, Math.min(reason.length(), MAX_REASON_CHARS));
      }
    }
    log.warn("the chat template failed: {} at line {}", error.getReason(), error.getLineno());
    return "the model's chat template cannot render these messages";
  }

  private Jinjava jinja() {
    Jinjava made = jinja;
    if (made == null) {
      made = new Jinjava(configuration());
      made.setResourceLocator(
          (name, encoding, interpreter) -> {
            throw new ResourceNotFoundException("templates read no files");
          });
      register(made, "raise_exception", "raise");
      register(made, "strftime_now", "strftimeNow");
      jinja = made;
    }
    return made;
  }

  private static void register(Jinjava jinja, String name, String method) {
    jinja
        .getGlobalContext()
        .registerFunction(
            new ELFunctionDefinition("", name, TemplateFunctions.class, method, String.class));
  }

  private JinjavaConfig configuration() {
    return JinjavaConfig.newBuilder()
        .withTrimBlocks(true)
        .withLstripBlocks(true)
        .withNestedInterpretationEnabled(false)
        .withMaxOutputSize(MAX_OUTPUT_CHARS)
        .withMaxRenderDepth(16)
        .withEnableRecursiveMacroCalls(true)
        .withMaxMacroRecursionDepth(16)
        .withElResolver(new TemplateMembers())
        .withDateTimeProvider(wallClock::millis)
        .withDisabled(Map.of(Library.TAG, Set.of("include", "import", "from", "extends")))
        .withLegacyOverrides(
            LegacyOverrides.newBuilder()
                .withEvaluateMapKeys(true)
                .withIterateOverMapKeys(true)
                .withUsePyishObjectMapper(true)
                .withUseNaturalOperatorPrecedence(true)
                .withParseWhitespaceControlStrictly(true)
                .withUseTrimmingForNotesAndExpressions(true)
                .withAllowAdjacentTextNodes(true)
                .withKeepNullableLoopValues(true)
                .build())
        .build();
  }
}
