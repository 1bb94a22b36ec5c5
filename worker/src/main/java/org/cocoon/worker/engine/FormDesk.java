package org.cocoon.worker.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import org.cocoon.worker.constraint.Constraint;
import org.cocoon.worker.constraint.Progress;
import org.cocoon.worker.constraint.SchemaException;
import org.cocoon.worker.constraint.Tokens;
import org.jspecify.annotations.Nullable;

/**
 * Makes masks for answers that must have a form, and keeps the last few forms: the next request of
 * an application mostly has the same one. Belongs to the prompt thread.
 *
 * <p>What is kept is kept by cache scope, as prefixes are: how long a request takes tells nobody
 * which forms others asked for.
 */
final class FormDesk {
  private static final int MOST_FORMS = 32;

  private final TokenTable table;
  private final CallSyntax calls;
  private final Map<Key, Constraint> forms =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Constraint> eldest) {
          return size() > MOST_FORMS;
        }
      };
  private @Nullable Tokens tokens;

  private record Key(String scope, AnswerForm form) {}

  FormDesk(TokenTable table, CallSyntax calls) {
    this.table = table;
    this.calls = calls;
  }

  /**
   * A mask for a new answer.
   *
   * @return null where the form is free
   * @throws SchemaException if a schema cannot be honoured
   */
  @Nullable Mask begin(AnswerForm form, String cacheScope) throws SchemaException {
    if (form instanceof AnswerForm.Free) {
      return null;
    }
    Key key = new Key(cacheScope, form);
    Constraint known = forms.get(key);
    if (known == null) {
      known = make(form);
      forms.put(key, known);
    }
    return new Mask(known.begin());
  }

  private Constraint make(AnswerForm form) throws SchemaException {
    return switch (form) {
      case AnswerForm.Free _ -> throw new IllegalArgumentException("a free form needs no mask");
      case AnswerForm.AnyObject _ -> Constraint.ofAnyObject(tokens());
      case AnswerForm.Schema(String schema) -> Constraint.ofSchema(schema, tokens());
      case AnswerForm.Call(String tools, String name) ->
          Constraint.ofCall(tools, name, calls.before, calls.arguments, calls.after, tokens());
    };
  }

  /** Looks at the vocabulary, so that the first request with a form does not wait for it. */
  void warmUp() {
    tokens();
  }

  private Tokens tokens() {
    Tokens made = tokens;
    if (made == null) {
      made = new Tokens(table.size(), table::piece, table::endsGeneration);
      tokens = made;
    }
    return made;
  }

  /** The mask of one answer. */
  record Mask(Progress progress) implements TokenMask {
    /** Takes a token of a continuation; false where it does not fit the form. */
    boolean replay(int token) {
      return progress.accept(token);
    }

    @Override
    public long[] allowed() {
      return progress.allowed();
    }

    @Override
    public boolean endsWithin(int token, int left) {
      return progress.endsWithin(token, left);
    }

    @Override
    public long[] allowedWithin(int left) {
      return progress.allowedWithin(left);
    }

    @Override
    public int fallback(long[] of) {
      return progress.plainest(of);
    }

    @Override
    public void accept(int token) {
      if (!progress.accept(token)) {
        throw new IllegalStateException("a token was chosen that the answer's form forbids");
      }
    }

    @Override
    public boolean isComplete() {
      return progress.isComplete();
    }
  }
}
