// swift-tools-version: 6.2
import PackageDescription

// The kernels are one source, compiled once for each vector width (the folders KernelsAVX2 and
// KernelsAVX512 hold symbolic links to the files of KernelsPlain) and chosen at run time by the
// module Kernels. -Ounchecked leaves out overflow and bounds traps in these loops alone; they hold
// nothing but pointer arithmetic.
let kernelSettings: [SwiftSetting] = [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

#if arch(x86_64)
    let wideKernels: [Target] = [
        .target(
            name: "KernelsAVX2", dependencies: ["KernelContract", "CVector"],
            swiftSettings: kernelSettings + [
                .define("AVX2"), .unsafeFlags(["-Xcc", "-march=x86-64-v3"]),
            ]),
        .target(
            name: "KernelsAVX512", dependencies: ["KernelContract", "CVector"],
            swiftSettings: kernelSettings + [
                .define("AVX512"), .unsafeFlags(["-Xcc", "-march=x86-64-v4"]),
            ]),
    ]
#else
    let wideKernels: [Target] = []
#endif

let package = Package(
    name: "viseme",
    products: [
        .executable(name: "viseme", targets: ["viseme"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    // Each target names every module that it imports: the build then sees what has to be compiled
    // again.
    targets: [
        .systemLibrary(
            name: "CHDF5", pkgConfig: "hdf5",
            providers: [.apt(["libhdf5-dev", "zlib1g-dev", "pkg-config"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev", "pkg-config"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev", "pkg-config"])]),
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8",
            providers: [.apt(["libpcre2-dev", "pkg-config"])]),
        .target(name: "Expressions", dependencies: ["CPCRE2"]),
        .target(name: "CPlatform"),
        .target(name: "CVector"),
        .target(name: "KernelContract"),
        .target(
            name: "KernelsPlain", dependencies: ["KernelContract", "CVector"],
            swiftSettings: kernelSettings),
        .target(
            name: "Kernels",
            dependencies: ["KernelContract", "KernelsPlain", "CPlatform"]
                + wideKernels.map { .byName(name: $0.name) }),
        .target(name: "Tensors", dependencies: ["KernelContract", "Kernels", "CPlatform"]),
        .target(name: "Networks", dependencies: ["KernelContract", "Kernels", "Tensors"]),
        .target(name: "Digests", dependencies: ["CCrypto"]),
        .target(name: "Files", dependencies: ["CHDF5", "CZlib", "CPlatform", "Digests"]),
        .target(name: "Studies", dependencies: ["Digests"]),
        .target(
            name: "Clips", dependencies: ["Tensors", "Digests", "Files", "Studies", subprocess]),
        .target(
            name: "Training",
            dependencies: [
                "Digests", "KernelContract", "Kernels", "Tensors", "Networks", "Studies", "Clips",
            ]),
        .target(name: "Search", dependencies: ["Tensors", "Studies"]),
        .target(
            name: "Recipes",
            dependencies: ["Digests", "Expressions", "Studies", "Search", "Yams", mustache]),
        .target(name: "RunStore", dependencies: ["Digests", "Tensors", "Files", "Studies"]),
        .target(
            name: "Execution",
            dependencies: [
                "Digests", "KernelContract", "Kernels", "Tensors", "Networks", "Clips", "Training",
                "Studies",
                "Recipes", "Files",
                "RunStore", "Expressions", "Yams", "CPlatform", subprocess,
            ]),
        .target(
            name: "Reports", dependencies: ["Tensors", "Files", "Studies", "RunStore", mustache]),
        .target(
            name: "Dashboard",
            dependencies: [
                "Digests", "Files", "Studies", "RunStore", "Reports",
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            resources: [.embedInCode("Page/page.js"), .embedInCode("Page/page.css")]),
        .executableTarget(
            name: "viseme",
            dependencies: [
                "Digests", "KernelContract", "Kernels", "Tensors", "Networks", "Clips", "Training",
                "Studies",
                "Recipes", "Files",
                "RunStore", "Execution", "Reports", "Dashboard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "KernelsTests", dependencies: ["KernelContract", "Kernels", "Tensors"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(
            name: "NetworksTests",
            dependencies: ["KernelContract", "Kernels", "Tensors", "Networks"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "KernelContract", "Kernels", "Tensors", "Networks", "Studies", "Clips", "Training",
            ]),
        .testTarget(name: "ClipsTests", dependencies: ["Digests", "Studies", "Clips", "Files"]),
        .testTarget(name: "StudiesTests", dependencies: ["Studies"]),
        .testTarget(name: "SearchTests", dependencies: ["Studies", "Search"]),
        .testTarget(
            name: "RecipesTests",
            dependencies: ["Tensors", "Studies", "Search", "Recipes", "Execution"]),
        .testTarget(
            name: "RunStoreTests", dependencies: ["Tensors", "Studies", "Files", "RunStore"]),
        .testTarget(
            name: "ExecutionTests",
            dependencies: ["Studies", "Search", "Recipes", "RunStore", "Files", "Execution"]),
        .testTarget(name: "ReportsTests", dependencies: ["Studies", "RunStore", "Reports"]),
        .testTarget(
            name: "DashboardTests", dependencies: ["Studies", "Files", "RunStore", "Dashboard"]),
        .testTarget(
            name: "GalleryTests",
            dependencies: [
                "Files", "Studies", "Recipes", "RunStore", "Execution", "Reports", subprocess,
            ],
            exclude: ["measure.js"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Digests", "Files", "KernelContract", "Kernels", "Tensors", "Studies", "RunStore",
                "Execution", "viseme",
                subprocess,
            ]),
    ] + wideKernels
)
