import CCrypto

/// SHA-256 (FIPS 180-4), computed by libcrypto. A value: a copy goes on independently of the
/// original.
package struct SHA256: Sendable {
    /// Bytes of a digest.
    package static let byteCount = 32

    private var context = Context()

    package init() {}

    /// Takes in more bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
        context.update(bytes)
    }

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            update(UnsafeRawBufferPointer($0))
        }
        if done == nil { Array(bytes).withUnsafeBytes { update($0) } }
    }

    /// Takes in a text as UTF-8.
    package mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// The digest of all bytes so far; more may follow.
    package func finalize() -> [UInt8] { Context(copying: context).finish() }

    /// The digest of `bytes`.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.context.finish()
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.context.finish()
    }

    /// The digest of a text's UTF-8 bytes.
    package static func hash(_ text: String) -> [UInt8] {
        var hash = SHA256()
        hash.update(text)
        return hash.context.finish()
    }

    /// libcrypto's state. It fails only where there is no memory, or SHA-256 is not built in:
    /// neither can be answered.
    private final class Context: @unchecked Sendable {
        private let state: OpaquePointer

        init() {
            guard let state = EVP_MD_CTX_new(), EVP_DigestInit_ex(state, EVP_sha256(), nil) == 1
            else {
                preconditionFailure("libcrypto has no SHA-256")
            }
            self.state = state
        }

        init(copying other: Context) {
            guard let state = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(state, other.state) == 1 else {
                preconditionFailure("libcrypto can't copy a digest's state")
            }
            self.state = state
        }

        deinit { EVP_MD_CTX_free(state) }

        func update(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count > 0 else { return }
            precondition(EVP_DigestUpdate(state, bytes.baseAddress, bytes.count) == 1)
        }

        /// Ends the computation: nothing can follow.
        func finish() -> [UInt8] {
            var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
            precondition(EVP_DigestFinal_ex(state, &digest, nil) == 1)
            return digest
        }
    }
}
