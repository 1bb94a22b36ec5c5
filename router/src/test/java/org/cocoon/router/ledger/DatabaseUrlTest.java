package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {

  @Test
  void readsAllParts() {
    assertEquals(
        new DatabaseUrl("db.example", 6543, "ledger", "cocoon", "p@ss:w+rd/ü"),
        DatabaseUrl.parse("postgresql://cocoon:p%40ss:w+rd%2F%C3%BC@db.example:6543/ledger"));
    assertEquals(
        new DatabaseUrl("[::1]", 5432, "ledger", "cocoon", ""),
        DatabaseUrl.parse("postgres://cocoon@[::1]/ledger"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "ledger",
        "mysql://u:secret@host/db",
        "postgresql://u:secret@host",
        "postgresql://u:secret@host/",
        "postgresql://host/db",
        "postgresql://u:secret@host:99999/db",
        "postgresql://u:secret@host:0/db",
        "postgresql://u:secret@ho st/db",
        "postgresql://u:secret%zz@host/db",
        "postgresql://u:secret@host/db?sslmode=disable",
      })
  void refusesTheRestWithoutTellingThePassword(String url) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> DatabaseUrl.parse(url));
    assertTrue(refusal.toString().contains("postgresql://user:password@host:5432/database"));
    assertFalse(refusal.toString().contains("secret"));
    assertNull(refusal.getCause());
  }

  @Test
  void printsNoPassword() {
    String text = DatabaseUrl.parse("postgresql://u:secret@host/db").toString();
    assertEquals("postgresql://u@host:5432/db", text);
  }
}
