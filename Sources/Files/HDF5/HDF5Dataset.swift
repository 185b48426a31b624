import CHDF5

/// A data set of an HDF5 file.
package final class HDF5Dataset {
    let id: hid_t
    let path: String
    private let file: HDF5File

    init(id: hid_t, path: String, file: HDF5File) {
        self.id = id
        self.path = path
        self.file = file
    }

    deinit {
        H5Dclose(id)
    }

    package func setAttribute(_ name: String, _ text: String) throws {
        try HDF5Attributes(id: id, path: path).write(name, text)
    }

    /// Makes it a dimension scale: others name their dimensions by it.
    package func makeScale(_ name: String) throws {
        try check(H5DSset_scale(id, name), "make \(path) a dimension scale")
    }

    /// Names dimension `index` by `scale`.
    package func attach(_ scale: HDF5Dataset, dimension index: Int) throws {
        try check(
            H5DSattach_scale(id, scale.id, UInt32(index)),
            "name a dimension of \(path) by \(scale.path)")
    }

    // MARK: Reading

    /// Numbers in other files, virtual data sets and filters are none of ours: what a crafted file
    /// could read from elsewhere, or leave as fill values without a word.
    func refuseForeignStorage() throws {
        // Only numbers that lie in this very file, in one piece, have a place in it.
        if H5Dget_offset(id) != viseme_h5_no_address() { return }
        let creation = try check(H5Dget_create_plist(id), "open \(path)")
        defer { H5Pclose(creation) }
        let layout = H5Pget_layout(creation)
        guard layout == H5D_CONTIGUOUS || layout == H5D_COMPACT,
            H5Pget_external_count(creation) == 0,
            H5Pget_nfilters(creation) == 0
        else {
            throw HDF5Error(
                action: "open \(path)", reason: "it is stored in a way that no file of ours uses")
        }
    }

    /// Size along each dimension. Refuses what no file of ours holds, before anything is allocated.
    /// - Parameter limit: values at most; nil: as many as the file has bytes.
    package func shape(limit: Int? = nil) throws -> [Int] {
        let space = try check(H5Dget_space(id), "measure \(path)")
        defer { H5Sclose(space) }
        let rank = try check(H5Sget_simple_extent_ndims(space), "measure \(path)")
        var sizes = [hsize_t](repeating: 0, count: max(Int(rank), 1))
        if rank > 0 { try check(H5Sget_simple_extent_dims(space, &sizes, nil), "measure \(path)") }
        var product: hsize_t = 1
        for size in sizes.prefix(Int(rank)) {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            guard !overflow, next <= hsize_t(limit ?? file.size) else {
                throw HDF5Error(action: "read \(path)", reason: "its size \(sizes) is too large")
            }
            product = next
        }
        return sizes.prefix(Int(rank)).map { Int($0) }
    }

    package func floats() throws -> [Float] {
        try read(H5T_FLOAT, viseme_h5_native_float32(), Float(0))
    }

    package func doubles() throws -> [Double] {
        try read(H5T_FLOAT, viseme_h5_native_float64(), Double(0))
    }

    package func bytes() throws -> [UInt8] {
        try read(H5T_INTEGER, viseme_h5_uint8(), UInt8(0))
    }

    package func integers() throws -> [Int] {
        try read(H5T_INTEGER, viseme_h5_native_int64(), Int(0))
    }

    /// The kind of its values.
    package enum Kind: Sendable, Equatable {
        case text, integer, other
        /// Bytes of one.
        case float(Int)
    }

    package func kind() throws -> Kind {
        let type = try check(H5Dget_type(id), "read \(path)")
        defer { H5Tclose(type) }
        return switch H5Tget_class(type) {
        case H5T_STRING: .text
        case H5T_INTEGER: .integer
        case H5T_FLOAT: .float(H5Tget_size(type))
        default: .other
        }
    }

    package func hasAttribute(_ attribute: String) -> Bool {
        H5Aexists(id, attribute) > 0
    }

    package func text(_ attribute: String) throws -> String {
        try HDF5Attributes(id: id, path: path).text(attribute)
    }

    package func texts() throws -> [String] {
        let stored = try check(H5Dget_type(id), "read \(path)")
        defer { H5Tclose(stored) }
        guard H5Tget_class(stored) == H5T_STRING, H5Tis_variable_str(stored) > 0 else {
            throw HDF5Error(
                action: "read \(path)", reason: "it does not hold texts of variable length")
        }
        // Of each text the data set holds its length, and the address and number of its place in
        // the heap.
        try refuseGaps(bytesOfValue: 4 + 8 + 4)
        let type = try textType.get()
        let count = try shape().reduce(1, *)
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        try check(
            H5Dread(id, type, viseme_h5_all(), viseme_h5_all(), viseme_h5_default(), &pointers),
            "read \(path)")
        let space = try check(H5Dget_space(id), "read \(path)")
        defer {
            H5Dvlen_reclaim(type, space, viseme_h5_default(), &pointers)
            H5Sclose(space)
        }
        return pointers.map { $0.map { String(cString: $0) } ?? "" }
    }

    /// Every value has to be there: what is not stored would be read as zeros.
    private func refuseGaps(bytesOfValue size: Int) throws {
        let (bytes, overflow) = try shape().reduce(1, *).multipliedReportingOverflow(by: size)
        guard !overflow, bytes == 0 || H5Dget_storage_size(id) == hsize_t(bytes) else {
            throw HDF5Error(action: "read \(path)", reason: "its values are not all there")
        }
    }

    private func read<Element>(_ wanted: H5T_class_t, _ type: hid_t, _ empty: Element) throws
        -> [Element]
    {
        let stored = try check(H5Dget_type(id), "read \(path)")
        defer { H5Tclose(stored) }
        guard H5Tget_class(stored) == wanted else {
            throw HDF5Error(action: "read \(path)", reason: "its values are of another type")
        }
        try refuseGaps(bytesOfValue: H5Tget_size(stored))
        let count = try shape().reduce(1, *)
        guard count > 0 else { return [] }
        var values = [Element](repeating: empty, count: count)
        try values.withUnsafeMutableBufferPointer {
            _ = try check(
                H5Dread(
                    id, type, viseme_h5_all(), viseme_h5_all(), viseme_h5_default(), $0.baseAddress),
                "read \(path)"
            )
        }
        return values
    }
}
