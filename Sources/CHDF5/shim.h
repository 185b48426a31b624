#pragma once
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#include <hdf5_hl.h>
#else
#include <hdf5/serial/hdf5.h>
#include <hdf5/serial/hdf5_hl.h>
#endif

#ifdef __linux__
#include <malloc.h>
#endif

// The library's constants are macros over globals, which Swift can't import.
static inline hid_t viseme_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t viseme_h5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t viseme_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t viseme_h5_uint64(void) { return H5T_STD_U64LE; }
static inline hid_t viseme_h5_native_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t viseme_h5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t viseme_h5_int8(void) { return H5T_STD_I8LE; }
static inline hid_t viseme_h5_native_float32(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t viseme_h5_native_float64(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t viseme_h5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t viseme_h5_c_string(void) { return H5T_C_S1; }
static inline size_t viseme_h5_variable(void) { return H5T_VARIABLE; }
static inline hid_t viseme_h5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t viseme_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t viseme_h5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t viseme_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t viseme_h5_default(void) { return H5P_DEFAULT; }
static inline unsigned viseme_h5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned viseme_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline haddr_t viseme_h5_no_address(void) { return HADDR_UNDEF; }
static inline hid_t viseme_h5_all(void) { return H5S_ALL; }

/// The library keeps its errors on a stack and prints them; this switches the printing off for the calling thread.
static inline void viseme_h5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

static herr_t viseme_h5_keep_first(unsigned n, const H5E_error2_t *error, void *data) {
    if (n == 0 && error->desc) *(const char **)data = error->desc;
    return 0;
}

/// What the library says of the innermost error, or NULL. Valid until the next call.
static inline const char *viseme_h5_message(void) {
    const char *message = NULL;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, viseme_h5_keep_first, &message);
    return message;
}

/// Freed memory up to 64 MB stays with the process.
static inline void viseme_h5_keep_memory(void) {
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
#endif
}
