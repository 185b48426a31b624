args <- commandArgs(trailingOnly = TRUE); lr <- as.numeric(args[1]); set.seed(as.integer(args[2]))
x <- matrix(rnorm(200), 100); y <- x %*% c(1, -2) + rnorm(100, sd = 0.1); w <- c(0, 0)
log <- data.frame()
for (epoch in 1:6) { r <- x %*% w - y; w <- w - lr * as.vector(t(x) %*% r) / 100; log <- rbind(log, data.frame(epoch = epoch, rmse = sqrt(mean(r^2)))); write.csv(log, "log.csv", row.names = FALSE) }
