import CHDF5
import Synchronization

/// Files are built and read in memory: what reaches the disk, and when, is the caller's business.
///
/// libhdf5 keeps its errors per thread; every function here makes its calls and reads their errors
/// without suspending.
package final class HDF5File {
    /// Two images of one name alias each other in libhdf5 1.10: each gets its own.
    private static let opened = Atomic<Int>(0)

    let id: hid_t
    /// Bytes of the file that is read: more values than that it can't hold.
    let size: Int

    private init(id: hid_t, size: Int = 0) {
        self.id = id
        self.size = size
    }

    deinit {
        H5Fclose(id)
    }

    /// Builds a file and returns its bytes. Equal contents, written in one order, give equal bytes.
    package static func image(_ write: (HDF5Group) throws -> Void) throws -> [UInt8] {
        viseme_h5_silence()
        let creation = try check(H5Pcreate(viseme_h5_file_create()), "make a file")
        defer { H5Pclose(creation) }
        try check(H5Pset_obj_track_times(creation, false), "leave times out")
        // Small nodes for the lists of members: groups of ours have few.
        try check(H5Pset_sym_k(creation, 4, 4), "keep groups small")
        let access = try memoryAccess(increment: 1 << 16)
        defer { H5Pclose(access) }
        let id = try check(
            H5Fcreate(uniqueName(), viseme_h5_truncate(), creation, access), "make a file in memory"
        )
        let file = HDF5File(id: id)
        let root = try file.root()
        try write(root)
        try check(H5Fflush(id, H5F_SCOPE_LOCAL), "finish a file in memory")
        let size = try check(H5Fget_file_image(id, nil, 0), "measure a file in memory")
        var bytes = [UInt8](repeating: 0, count: size)
        try check(H5Fget_file_image(id, &bytes, size), "copy a file in memory")
        return bytes
    }

    /// Opens bytes as a file, to be read only. They may be anybody's: nothing is read but what our
    /// own files hold.
    package static func open(_ bytes: [UInt8]) throws -> HDF5File {
        viseme_h5_silence()
        H5PLset_loading_state(0)
        let access = try memoryAccess(increment: 1 << 16)
        defer { H5Pclose(access) }
        var bytes = bytes
        try check(
            H5Pset_file_image(access, &bytes, bytes.count), "take in a file of \(bytes.count) bytes"
        )
        let id = try check(
            H5Fopen(uniqueName(), viseme_h5_read_only(), access),
            "open a file of \(bytes.count) bytes")
        return HDF5File(id: id, size: bytes.count)
    }

    package func root() throws -> HDF5Group {
        HDF5Group(
            id: try check(H5Gopen2(id, "/", viseme_h5_default()), "open /"), path: "", file: self)
    }

    /// The library takes about 2 MB for each open file and clears them. Kept by the process, they
    /// are not fetched from the system, page by page, for each of thousands of files: a third of
    /// the time to write one.
    private static let keepsMemory: Void = viseme_h5_keep_memory()

    /// A file that lives in memory alone.
    private static func memoryAccess(increment: Int) throws -> hid_t {
        keepsMemory
        let access = try check(H5Pcreate(viseme_h5_file_access()), "make a file")
        try check(H5Pset_fapl_core(access, increment, false), "keep a file in memory")
        try check(H5Pset_fclose_degree(access, H5F_CLOSE_SEMI), "choose how files close")
        // Room is given out by the byte: files of ours are written once, and small.
        try check(H5Pset_meta_block_size(access, 0), "give room out by the byte")
        try check(H5Pset_small_data_block_size(access, 0), "give room out by the byte")
        return access
    }

    private static func uniqueName() -> String {
        "viseme-\(opened.add(1, ordering: .relaxed).newValue)"
    }
}

/// The version of libhdf5 in use.
package var hdf5Version: String {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    H5get_libversion(&major, &minor, &release)
    return "\(major).\(minor).\(release)"
}
