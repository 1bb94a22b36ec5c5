package org.cocoon.link.seal;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.util.List;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.seal.PromptOpener.OpenedPrompt;
import org.cocoon.link.wire.SealedPrompt;

/** A sealed prompt: it opens as it was sealed, or not at all. */
public final class SealedPromptTarget implements FuzzTarget {
  private static final long SEED = 20260306;

  private final Group group = new Group(SEED);
  private final SealedPrompt sealed = group.seal(Group.chat("What is silk?"), 40).request();

  @Override
  public List<byte[]> seeds() {
    return List.of(sealed.toByteArray());
  }

  @Override
  public void take(byte[] input) {
    SealedPrompt prompt;
    try {
      prompt = SealedPrompt.parseFrom(input);
    } catch (InvalidProtocolBufferException _) {
      return;
    }
    boolean same =
        prompt.toBuilder()
            .setUnknownFields(UnknownFieldSet.getDefaultInstance())
            .build()
            .equals(sealed);
    switch (group.opener.open(prompt, Group.MODEL)) {
      case OpenedPrompt.Good _ -> {
        if (!same) {
          throw new AssertionError("a changed prompt opens");
        }
      }
      case OpenedPrompt.Broken _, OpenedPrompt.UnknownKey _ -> {
        if (same) {
          throw new AssertionError("the unchanged prompt does not open");
        }
      }
    }
  }
}
