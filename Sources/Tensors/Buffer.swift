import Foundation
import Kernels

/// Memory aligned to 64 bytes, cleared when made, freed with its owner.
///
/// Large buffers are mapped: their pages are zero without being written, and take memory only when
/// first used.
public final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
    public let pointer: UnsafeMutablePointer<Element>
    public let count: Int
    private let mappedBytes: Int

    public init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Element>.stride
        if bytes >= BufferMemory.smallestMapped {
            mappedBytes = bytes
            pointer = BufferMemory.map(bytes).bindMemory(to: Element.self, capacity: count)
            return
        }
        mappedBytes = 0
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        self.pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
    }

    deinit {
        let raw = UnsafeMutableRawPointer(pointer)
        if mappedBytes > 0 { munmap(raw, mappedBytes) } else { raw.deallocate() }
    }

    public func clear() {
        UnsafeMutableRawPointer(pointer).initializeMemory(
            as: UInt8.self, repeating: 0, count: count * MemoryLayout<Element>.stride)
    }

    public var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }
}

/// Where large buffers come from.
public enum BufferMemory {
    static let smallestMapped = 1 << 18

    /// Called if the system has no memory for a buffer of so many bytes; nothing that follows could
    /// work. The program sets it once, at its start.
    nonisolated(unsafe) public static var onExhaustion: @Sendable (_ bytes: Int) -> Never = {
        bytes in
        fatalError("out of memory: \(bytes >> 20) MB")
    }

    /// Fresh pages, large ones where the system provides them: a network walks through far more
    /// memory than the processor keeps addresses of small pages for.
    static func map(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard
            let memory = mmap(
                nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { onExhaustion(bytes) }
        #if os(Linux)
            madvise(memory, bytes, MADV_HUGEPAGE)
        #endif
        return memory
    }
}
