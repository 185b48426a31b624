#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
    double lr = atof(words[1]), x = atoi(words[2]);
    for (int step = 0; step < 50; step += 10) {
        x -= lr * 2 * x;
        printf("step=%d loss=%g |g|=%g\n", step, x * x, 2 * x);
    }
    return 0;
}
