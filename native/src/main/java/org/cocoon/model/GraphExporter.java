package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Writes a model as the folder of docs/GRAPH.md.
 *
 * <p>Weights pass through one row at a time, so memory does not grow with the model. The
 * description is written last: a folder that has one is whole.
 */
public final class GraphExporter {
  private static final int GGUF_HEADER_BYTES = 24;
  private static final int GGUF_TENSOR_COUNT = 8;

  private GraphExporter() {}

  /**
   * Exports a file or folder, with the tokenizer that it carries, if any; hashes it first.
   *
   * @param folder is made where it is missing; an export in it is replaced
   * @throws ModelFileException if the model cannot be exported or the folder not be written
   */
  public static ExportedModel export(Path model, Path folder, ExportOptions options) {
    try (ModelSource source = ModelSource.open(model)) {
      String hash = source.hash(done -> {});
      return export(source, source.vocabulary(), hash, folder, options, done -> {});
    }
  }

  /**
   * Exports an opened model.
   *
   * @param vocabulary whose tokenizer goes along, if any
   * @param hash of the source
   * @param folder is made where it is missing; an export in it is replaced
   * @param progress told how many bytes of the source's tensors are done
   * @throws ModelFileException if the model cannot be exported or the folder not be written
   */
  static ExportedModel export(
      ModelSource source,
      Optional<GgufFile> vocabulary,
      String hash,
      Path folder,
      ExportOptions options,
      LongConsumer progress) {
    try {
      Files.createDirectories(folder);
      Files.deleteIfExists(folder.resolve(ExportedModel.DESCRIPTION));
      Files.deleteIfExists(folder.resolve(ExportedModel.VOCABULARY));
      ModelConfig config = source.config();
      int context = context(config, options);
      int positions = context + DecoderGraph.SPARE_POSITIONS;
      OnnxGraph graph = new OnnxGraph(config.architecture().label());
      BlockHashes data;
      try (DataFile file = new DataFile(folder.resolve(ExportedModel.DATA))) {
        GraphWeights weights =
            new GraphWeights(source, graph, file, ExportedModel.DATA, options, progress);
        new DecoderGraph(config, graph, weights, options, positions).draw();
        weights.checkAllUsed();
        data = file.finish();
      }
      byte[] message = graph.finish("cocoon");
      Files.write(folder.resolve(ExportedModel.GRAPH), message);
      ModelHash messageHash = new ModelHash();
      messageHash.update(message, 0, message.length);
      if (vocabulary.isPresent()) {
        writeVocabulary(vocabulary.get(), folder.resolve(ExportedModel.VOCABULARY));
      }
      Files.writeString(
          folder.resolve(ExportedModel.DESCRIPTION),
          GraphDescription.of(
              config,
              options,
              hash,
              context,
              positions,
              messageHash.finish(),
              data,
              vocabulary.isPresent()),
          UTF_8);
    } catch (IOException | UncheckedIOException e) {
      throw new ModelFileException(
          "cannot write the export into "
              + folder
              + ": "
              + e.getMessage()
              + "; is there room on the disk?",
          e);
    }
    return ExportedModel.open(folder);
  }

  private static int context(ModelConfig config, ExportOptions options) {
    if (options.context() > config.context()) {
      throw new ModelFileException(
          "the model was trained for "
              + config.context()
              + " tokens of context, and "
              + options.context()
              + " were asked for");
    }
    return options.context() == 0 ? config.context() : options.context();
  }

  /** The file's header and metadata as they are, with no tensors. */
  private static void writeVocabulary(GgufFile source, Path target) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(GGUF_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.put(source.file().slice(0, GGUF_HEADER_BYTES).asByteBuffer());
    header.putLong(GGUF_TENSOR_COUNT, 0).flip();
    try (FileChannel channel =
        FileChannel.open(
            target,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer[] parts = {
        header,
        source
            .file()
            .slice(GGUF_HEADER_BYTES, source.metadataEnd() - GGUF_HEADER_BYTES)
            .asByteBuffer()
      };
      while (parts[1].hasRemaining()) {
        channel.write(parts);
      }
    }
  }
}
