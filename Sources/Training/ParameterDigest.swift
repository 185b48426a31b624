import Digests
import Networks

extension Parameters {
    /// SHA-256 of all weights and averages, as they lie in memory.
    package var digest: String {
        var hash = SHA256()
        for buffer in [weights, averages] {
            hash.update(UnsafeRawBufferPointer(buffer.elements))
        }
        return hexadecimal(hash.finalize())
    }
}
