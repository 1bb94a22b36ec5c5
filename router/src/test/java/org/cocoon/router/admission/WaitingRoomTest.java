package org.cocoon.router.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitingRoomTest {

  @Test
  void servesByPriorityThenInOrder() {
    WaitingRoom<String> room = new WaitingRoom<>(10);
    room.enter("m", 5, "first");
    room.enter("m", 5, "second");
    room.enter("m", 0, "urgent");
    room.reenter("m", 5, "again");
    List<String> taken = new ArrayList<>();
    room.offer("m", taken::add);
    assertEquals(List.of("urgent", "again", "first", "second"), taken);
    assertEquals(0, room.size());
    assertTrue(room.models().isEmpty());
  }

  @Test
  void isBoundedOverAllModels() {
    WaitingRoom<String> room = new WaitingRoom<>(2);
    room.enter("a", 5, "x");
    room.enter("b", 5, "y");
    assertFalse(room.hasPlace());
    assertThrows(IllegalStateException.class, () -> room.enter("c", 5, "z"));
    room.leave("a", 5, "x");
    assertTrue(room.hasPlace());
    room.leave("a", 5, "x");
    assertEquals(1, room.size());
  }

  @Test
  void looksPastWhoCannotBeTakenButNotForever() {
    WaitingRoom<Integer> room = new WaitingRoom<>(100);
    for (int i = 0; i < 50; i++) {
      room.enter("m", 5, i);
    }
    List<Integer> offered = new ArrayList<>();
    room.offer(
        "m",
        one -> {
          offered.add(one);
          return one == 3;
        });
    assertEquals(WaitingRoom.LOOK_PAST + 1, offered.size());
    assertEquals(49, room.size());
  }
}
