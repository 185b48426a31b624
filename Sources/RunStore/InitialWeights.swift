import Files
import Foundation
import Studies
import Tensors

/// Weights to start from: those of a stored run, or of a safetensors file.
package struct InitialWeights: Sendable {
    package let tensors: [Tensor]
    /// SHA-256 over names, types, shapes and numbers: part of the identity of runs that start from
    /// them.
    package let digest: String

    /// - Parameter path: a safetensors file, or a run by file or name.
    /// - Throws: `StoreError` where the file is not there, is neither of the two, or holds no
    ///   weights.
    package init(_ path: String) throws {
        if path.hasSuffix(".safetensors") {
            let bytes = try DurableFile.read(URL(filePath: path))
            do { tensors = try SafeTensors.read(Data(bytes)) } catch {
                throw StoreError.unreadable(
                    path: path, reason: "init_from: it is no safetensors file: \(error)")
            }
        } else {
            tensors = try RunFile.read(RunName.file(path)).anyWeights
        }
        guard !tensors.isEmpty else {
            throw StoreError.unreadable(path: path, reason: "init_from: it holds no weights")
        }
        digest = RunFileContents.digest(tensors)
    }
}
