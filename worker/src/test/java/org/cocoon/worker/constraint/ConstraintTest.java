package org.cocoon.worker.constraint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which texts a schema's automaton takes, byte by byte. */
class ConstraintTest {
  private static final Tokens BYTES = Answers.bytes();

  private static Constraint form(String schema) {
    try {
      return Constraint.ofSchema(schema, BYTES);
    } catch (SchemaException e) {
      throw new AssertionError(schema + " was refused: " + e.fault(), e);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a']} ; {'a':1} ;"
            + " {'a':1,'b':2}",
        "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a']} ; {'a': -12} ;"
            + " {}",
        "{'type':'object','properties':{'a':{'type':'null'},'b':{'type':'null'}}} ; {'b':null} ;"
            + " {'b':null,'a':null}",
        "{'type':'object','properties':{'a':{'type':'null'},'b':{'type':'null'}},'required':['b']}"
            + " ; {'a':null, 'b':null} ; {'a':null}",
        "{'properties':{'a':{'type':'null'}},'additionalProperties':{'type':'boolean'}} ;"
            + " {'a':null,'ab':true,'':false} ; {'a':true}",
        "{'type':'array','items':{'type':'boolean'},'minItems':1,'maxItems':2} ; [true, false] ;"
            + " []",
        "{'type':'array','items':{'type':'boolean'},'minItems':1,'maxItems':2} ; [true] ;"
            + " [true,true,true]",
        "{'prefixItems':[{'type':'null'},{'type':'boolean'}],'items':{'type':'integer'}} ;"
            + " [null,true,1,2] ; [true]",
        "{'type':'array','prefixItems':[{'type':'null'}],'minItems':1} ; [null] ; [null,null]",
        "{'type':'string','minLength':2,'maxLength':3} ; 'äöü' ; 'ä'",
        "{'type':'string','minLength':2,'maxLength':3} ; '\\u00e4\\n' ; 'abcd'",
        "{'type':'string','pattern':'^a+b$'} ; 'aab' ; 'xaab'",
        "{'type':'string','pattern':'b|^c'} ; 'abc' ; 'ac'",
        "{'type':'string','pattern':'^[^\\\\d]{2}$'} ; 'ab' ; 'a1'",
        "{'type':'string','format':'date'} ; '2026-02-28' ; '2026-02-30'",
        "{'type':'string','format':'time'} ; '23:59:59.5-13:59' ; '00:00:00-00:00'",
        "{'type':'string','format':'email'} ; 'ada.l@example.org' ; 'ada@org'",
        "{'type':'string','format':'uuid'} ; '01234567-89ab-4def-8123-456789abcdef' ; '0123'",
        "{'type':'integer','minimum':-15,'maximum':128} ; 128 ; 129",
        "{'type':'integer','minimum':-15,'maximum':128} ; -15 ; -16",
        "{'type':'integer','exclusiveMinimum':9} ; 10 ; 9",
        "{'type':'number','minimum':0.25,'maximum':1.5} ; 0.25 ; 0.2",
        "{'type':'number','minimum':0.25,'maximum':1.5} ; 1.499 ; 1.51",
        "{'type':'number','exclusiveMaximum':0,'minimum':-0.5} ; -0.5 ; 0",
        "{'enum':['a',1,null,{'x':[1]}]} ; {'x':[1]} ; {'x':[2]}",
        "{'const':'a'} ; 'a' ; 'b'",
        "{'type':['string','null'],'maxLength':1} ; null ; 'ab'",
        "{'anyOf':[{'type':'integer'},{'type':'null'}]} ; null ; true",
        "{'oneOf':[{'type':'object','properties':{'k':{'const':'a'}},'required':['k']},{'type':'object','properties':{'k':{'const':'b'}},'required':['k']}]}"
            + " ; {'k':'b'} ; {'k':'c'}",
        "{'$defs':{'t':{'type':'array','items':{'$ref':'#/$defs/t'}}},'$ref':'#/$defs/t'} ;"
            + " [[],[[]]] ; [1]",
        "{'allOf':[{'type':'boolean'}]} ; false ; 0",
        "true ; {'a':[1.5e3,'x',{}]} ; nul",
      })
  void takesWhatIsValidAndNothingElse(String schema, String valid, String invalid) {
    Constraint form = form(schema.replace('\'', '"'));
    assertTrue(Answers.takes(form, valid.replace('\'', '"')), "should take " + valid);
    assertFalse(Answers.takes(form, invalid.replace('\'', '"')), "should not take " + invalid);
    assertEquals("", Answers.faults(schema.replace('\'', '"'), valid.replace('\'', '"')));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'type':'array','uniqueItems':true} ; $: the keyword 'uniqueItems'",
        "{'properties':{'a':{'type':'string','contentEncoding':'base64'}}} ; $.properties.a: the"
            + " keyword 'contentEncoding'",
        "{'properties':{'a':{'not':{}}}} ; $.properties.a: the keyword 'not'",
        "{'type':'object','patternProperties':{}} ; $: the keyword 'patternProperties'",
        "{'type':'object','minProperties':1} ; $: 'minProperties'",
        "{'type':'number','multipleOf':0.1} ; $: 'multipleOf'",
        "{'type':'string','pattern':'(?=a)'} ; $: 'pattern': look-around",
        "{'type':'string','pattern':'(a)\\\\1'} ; $: 'pattern': \\1",
        "{'type':'string','format':'iri'} ; $: 'format' is supported",
        "{'anyOf':[{'type':'null'}],'type':'null'} ; $: 'type' is not supported beside 'anyOf'",
        "{'oneOf':[{'type':'integer'},{'type':'number'}]} ; $: 'oneOf' is supported where",
        "{'allOf':[{},{}]} ; $: 'allOf'",
        "{'$ref':'#/$defs/none'} ; #/$defs/none: a $ref points here",
        "{'$ref':'http://elsewhere'} ; $: '$ref' must point",
        "{'$ref':'#'} ; $: no value of finite size",
        "{'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']} ; $: no value of finite"
            + " size",
        "{'type':'integer','minimum':3,'maximum':2} ; $: no value of finite size",
        "{'type':'text'} ; $: 'type' must be",
        "{'a':1,'a':2} ; $: this is not valid JSON, has a key twice",
      })
  void refusesByNameWhatItCannotHonour(String schema, String fault) {
    SchemaException refused =
        assertThrows(
            SchemaException.class, () -> Constraint.ofSchema(schema.replace('\'', '"'), BYTES));
    assertTrue(refused.fault().startsWith(fault), refused.fault());
  }

  @Test
  void refusesSchemasThatWouldTakeTooMuch() {
    String wide = "{\"enum\":[" + "\"value\",".repeat(30_000) + "1]}";
    assertThrows(SchemaException.class, () -> Constraint.ofSchema(wide, BYTES));
    String large = "\"" + "x".repeat(300_000) + "\"";
    assertThrows(SchemaException.class, () -> Constraint.ofSchema(large, BYTES));
    String deep = "{\"not\":".repeat(5_000) + "true" + "}".repeat(5_000);
    assertThrows(SchemaException.class, () -> Constraint.ofSchema(deep, BYTES));
  }

  @Test
  void takesAnyObjectAndNothingButAnObject() {
    Constraint form = Constraint.ofAnyObject(BYTES);
    assertTrue(Answers.takes(form, "{\"a\": [1, {\"b\": null}],\n  \"ü\": \"\\u00e4\"}"));
    assertFalse(Answers.takes(form, "[1]"));
    assertFalse(Answers.takes(form, "{\"a\":\"\u0001\"}"));
    assertFalse(Answers.takes(form, "{\"a\":" + "[".repeat(20)));
  }

  @Test
  void blanksCannotGoOnForEver() {
    Constraint form = form("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"}}}");
    assertTrue(Answers.takes(form, "{\n  \"a\": null\n}"));
    assertFalse(Answers.takes(form, "{" + " ".repeat(30) + "\"a\":null}"));
    assertFalse(Answers.takes(form, "{}\n"));
  }

  @Test
  void endsOnlyWhereTheAnswerIsWhole() {
    Progress progress = form("{\"type\":\"integer\",\"minimum\":10,\"maximum\":99}").begin();
    assertFalse(Tokens.allows(progress.allowed(), 0));
    assertTrue(progress.accept('4' + 1));
    assertFalse(progress.accept(0));
    assertTrue(progress.accept('2' + 1));
    assertTrue(Tokens.allows(progress.allowed(), 0));
    assertTrue(progress.isComplete());
    assertFalse(progress.accept('0' + 1));
  }

  @Test
  void stringsOfAnyLengthShareTheirMasks() {
    Progress progress = form("{\"type\":\"string\",\"maxLength\":100000}").begin();
    assertTrue(progress.accept('"' + 1));
    long[] first = progress.allowed();
    for (int i = 0; i < 1_000; i++) {
      assertTrue(progress.accept('a' + 1));
    }
    assertSame(first, progress.allowed(), "far from its bound a count makes no difference");
  }

  @Test
  void thePlainestWayOutIsAlwaysValid() {
    for (long seed = 0; seed < 200; seed++) {
      String schema = RandomSchemas.of(seed).toString();
      Progress progress = form(schema).begin();
      StringBuilder bytes = new StringBuilder();
      for (int i = 0; i < 3_000 && !progress.isWhole(); i++) {
        int token = progress.plainest(progress.allowed());
        assertTrue(token > 0, "a dead end after " + bytes + " of " + schema);
        assertTrue(progress.accept(token));
        bytes.append((char) (token - 1));
      }
      String answer = new String(bytes.toString().getBytes(ISO_8859_1), UTF_8);
      assertEquals("", Answers.faults(schema, answer), "seed " + seed + ": " + answer + schema);
    }
  }
}
