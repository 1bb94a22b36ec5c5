package org.cocoon.worker.uplink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.cocoon.link.wire.Run;
import org.cocoon.worker.engine.GenerationRequest.Priority;
import org.cocoon.worker.engine.RunKey;
import org.junit.jupiter.api.Test;

class WireRequestsTest {

  private static Priority of(int priority) {
    Run run = Run.newBuilder().setText("prompt").setPriority(priority).build();
    return WireRequests.request(new RunKey(1, 1), run, "").priority();
  }

  @Test
  void nobodyGoesBeforeOthersByAskingForIt() {
    for (int priority = 0; priority <= 5; priority++) {
      assertEquals(Priority.NORMAL, of(priority));
    }
  }

  @Test
  void whatCanWaitGivesItsSlotUp() {
    for (int priority = 6; priority <= 9; priority++) {
      assertEquals(Priority.LOW, of(priority));
    }
  }
}
