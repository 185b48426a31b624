import Foundation
import SealedFiles
import Tensors

/// Weights to start from: those of a stored run, or of a safetensors file.
public struct InitialWeights: Sendable {
    public let tensors: [Tensor]
    /// SHA-256 over names, types, shapes and numbers: part of the identity of runs that start from them.
    public let digest: String

    /// - Parameter path: a safetensors file, or a run by file or name.
    /// - Throws: `StoreError` where the file is not there, is neither of the two, or holds no weights.
    public init(_ path: String) throws {
        if path.hasSuffix(".safetensors") {
            let bytes = try DurableFile.read(URL(filePath: path))
            do { tensors = try SafeTensors.read(Data(bytes)) } catch {
                throw StoreError.unreadable(path: path, reason: "init_from: it is no safetensors file: \(error)")
            }
        } else {
            tensors = try RunFile.read(RunName.file(path)).anyWeights
        }
        guard !tensors.isEmpty else {
            throw StoreError.unreadable(path: path, reason: "init_from: it holds no weights")
        }
        digest = RunRecord.digest(tensors)
    }
}
