import Kernels
import Tensors

/// What a layer computes with: the kernels, the threads, and working memory that all layers share,
/// for they work one after the other.
package struct ComputeContext: Sendable {
    package let kernels: any KernelSet.Type
    package let team: Team
    package let workspace = Workspace()

    package init(kernels: any KernelSet.Type, threads: Int) {
        self.kernels = kernels
        self.team = Team(threads: threads)
    }
}

/// Memory that holds nothing from one call of a layer to the next, as large as the neediest layer
/// asked for when it was made.
package final class Workspace: @unchecked Sendable {
    private var memory = Buffer<Lanes>(count: 0)

    package func reserve(_ count: Int) {
        if count > memory.count { memory = Buffer(count: count) }
    }

    package var pointer: UnsafeMutablePointer<Lanes> { memory.pointer }
}
